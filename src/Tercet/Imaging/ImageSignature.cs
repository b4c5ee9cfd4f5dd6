namespace Tercet.Imaging;

/// <summary>Tells image formats apart by their first bytes, so that nothing but the three accepted ones reaches a decoder.</summary>
internal static class ImageSignature
{
    internal static bool IsAccepted(ReadOnlySpan<byte> head) =>
        head.StartsWith<byte>([0xFF, 0xD8, 0xFF])
        || head.StartsWith<byte>([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A])
        || (head.StartsWith("RIFF"u8) && head.Length >= 12 && head[8..12].SequenceEqual("WEBP"u8));

    /// <summary>The name of a known image format that is not accepted, or null.</summary>
    internal static string? NameOther(ReadOnlySpan<byte> head) => head switch
    {
        _ when head.StartsWith("GIF8"u8) => "GIF",
        _ when head.StartsWith("BM"u8) && head.Length >= 10 && head[6..10].IndexOfAnyExcept((byte)0) < 0 => "BMP",
        _ when head.StartsWith("II*\0"u8) || head.StartsWith("MM\0*"u8) => "TIFF",
        _ when head.StartsWith("\0\0\u0001\0"u8) => "ICO",
        _ when head.StartsWith("8BPS"u8) => "Photoshop",
        _ when head.StartsWith<byte>([0xFF, 0x0A]) || head.StartsWith("\0\0\0\u000CJXL "u8) => "JPEG XL",
        _ when head.StartsWith("\0\0\0\u000CjP  "u8) => "JPEG 2000",
        _ when head.Length >= 12 && head[4..8].SequenceEqual("ftyp"u8) => head[8..12] switch
        {
            var brand when brand.SequenceEqual("avif"u8) || brand.SequenceEqual("avis"u8) => "AVIF",
            var brand when brand.StartsWith("he"u8) || brand.SequenceEqual("mif1"u8) || brand.SequenceEqual("msf1"u8) => "HEIF",
            _ => null,
        },
        _ => null,
    };
}
