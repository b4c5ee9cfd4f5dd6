using System.Buffers.Binary;
using System.IO.Compression;

namespace Tercet.Tests.Imaging;

/// <summary>Writes PNG files of kinds that an encoder does not offer.</summary>
internal static class PngBuilder
{
    /// <param name="width">Width that the header claims.</param>
    /// <param name="height">Height that the header claims.</param>
    /// <param name="bitDepth">Bits a sample.</param>
    /// <param name="colourType">0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA.</param>
    /// <param name="rows">The rows without their filter byte.</param>
    /// <param name="palette">RGB triples.</param>
    public static byte[] Build(uint width, uint height, byte bitDepth, byte colourType, byte[][] rows, byte[]? palette = null)
    {
        MemoryStream file = new();
        file.Write([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]);
        byte[] header = new byte[13];
        BinaryPrimitives.WriteUInt32BigEndian(header, width);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), height);
        header[8] = bitDepth;
        header[9] = colourType;
        Chunk(file, "IHDR"u8, header);
        if (palette is not null)
            Chunk(file, "PLTE"u8, palette);

        MemoryStream data = new();
        using (ZLibStream packed = new(data, CompressionLevel.Fastest))
        {
            foreach (byte[] row in rows)
            {
                packed.WriteByte(0);
                packed.Write(row);
            }
        }

        Chunk(file, "IDAT"u8, data.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static void Chunk(MemoryStream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> content)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, content.Length);
        file.Write(number);
        file.Write(type);
        file.Write(content);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Crc(Crc(uint.MaxValue, type), content));
        file.Write(number);
    }

    private static uint Crc(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }

        return crc;
    }
}
