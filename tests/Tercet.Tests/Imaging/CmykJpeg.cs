namespace Tercet.Tests.Imaging;

/// <summary>An 8 × 8 JPEG in CMYK as Adobe's programs write it (255 means no ink): one block a channel, each one colour.</summary>
internal static class CmykJpeg
{
    /// <summary>No cyan, full magenta, full yellow, no black.</summary>
    public static byte[] Red()
    {
        // DC 1016 is sample 255, DC −1024 is sample 0; "00" and "01" are the codes of their sizes 10 and 11, the last "0" ends the block.
        const string None = "00" + "1111111000" + "0";
        const string Full = "01" + "01111111111" + "0";
        return
        [
            0xFF, 0xD8,
            0xFF, 0xEE, 0, 14, .. "Adobe"u8, 0, 100, 0, 0, 0, 0, 0,
            0xFF, 0xDB, 0, 67, 0, .. Enumerable.Repeat((byte)1, 64),
            0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0,
            0xFF, 0xC4, 0, 21, 0x00, 0, 2, .. new byte[14], 10, 11,
            0xFF, 0xC4, 0, 20, 0x10, 1, .. new byte[15], 0,
            0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0,
            .. Pack(None + Full + Full + None),
            0xFF, 0xD9,
        ];
    }

    private static IEnumerable<byte> Pack(string bits)
    {
        bits = bits.PadRight((bits.Length + 7) / 8 * 8, '1');
        for (int i = 0; i < bits.Length; i += 8)
        {
            byte value = Convert.ToByte(bits.Substring(i, 8), 2);
            yield return value;
            if (value == 0xFF)
                yield return 0;
        }
    }
}
