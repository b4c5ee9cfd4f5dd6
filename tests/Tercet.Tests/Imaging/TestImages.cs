using SkiaSharp;

namespace Tercet.Tests.Imaging;

/// <summary>A temporary folder, and images made for one test.</summary>
internal sealed class TestImages : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tercet-images-");

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public string Save(string name, byte[] bytes)
    {
        string path = PathOf(name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>An image of the given size, its colours by a function of the pixel.</summary>
    public static byte[] Encode(SKEncodedImageFormat format, int width, int height, Func<int, int, SKColor> colour, int quality = 100)
    {
        using SKBitmap bitmap = new(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                bitmap.SetPixel(x, y, colour(x, y));
        }

        return bitmap.Encode(format, quality).ToArray();
    }

    /// <summary>Unrelated colours, the same at every run.</summary>
    public static SKColor Noise(int x, int y)
    {
        uint mixed = ((uint)x * 2654435761u) ^ ((uint)y * 2246822519u);
        mixed ^= mixed >> 15;
        mixed *= 2246822519u;
        mixed ^= mixed >> 13;
        return new SKColor((byte)mixed, (byte)(mixed >> 8), (byte)(mixed >> 16));
    }

    /// <summary>A JPEG with an EXIF segment that says how it was held.</summary>
    public static byte[] WithOrientation(byte[] jpeg, byte orientation)
    {
        byte[] exif =
        [
            0xFF, 0xE1, 0x00, 0x22, (byte)'E', (byte)'x', (byte)'i', (byte)'f', 0, 0,
            (byte)'M', (byte)'M', 0, 42, 0, 0, 0, 8, // big-endian TIFF, directory at 8
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, // one entry: orientation, one short
            0, 0, 0, 0,
        ];
        return [.. jpeg[..2], .. exif, .. jpeg[2..]];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
