using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Tercet.Train.Data;

/// <summary>Labelled images of one size, 8 bits a channel, in memory.</summary>
/// <param name="pixels">The images, <c>[N, C, H, W]</c>.</param>
/// <param name="labels">Their identities, <c>[N]</c>.</param>
/// <param name="channels">C.</param>
/// <param name="height">H.</param>
/// <param name="width">W.</param>
internal sealed class ImageSet(byte[] pixels, long[] labels, int channels, int height, int width)
{
    public int Count => labels.Length;

    public int Channels => channels;

    public int Height => height;

    public int Width => width;

    /// <summary>Number of values of one image.</summary>
    public int SampleLength => channels * height * width;

    public ReadOnlySpan<long> Labels => labels;

    /// <summary>Number of distinct labels.</summary>
    public int Identities { get; } = labels.Distinct().Count();

    /// <summary>Writes images as floats from 0 to 255.</summary>
    /// <param name="rows">Which.</param>
    /// <param name="destination">Receives <c>[rows, C, H, W]</c>.</param>
    public void CopyTo(ReadOnlySpan<int> rows, Span<float> destination)
    {
        int length = SampleLength;
        for (int i = 0; i < rows.Length; i++)
        {
            ReadOnlySpan<byte> source = pixels.AsSpan(rows[i] * length, length);
            Span<float> target = destination.Slice(i * length, length);
            for (int at = 0; at < length; at++)
                target[at] = source[at];
        }
    }

    /// <summary>The images of some rows, in their order.</summary>
    public ImageSet Select(ReadOnlySpan<int> rows)
    {
        int length = SampleLength;
        byte[] some = new byte[checked(rows.Length * length)];
        long[] names = new long[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            pixels.AsSpan(rows[i] * length, length).CopyTo(some.AsSpan(i * length));
            names[i] = labels[rows[i]];
        }

        return new ImageSet(some, names, channels, height, width);
    }

    /// <summary>A digest of all there is: a run is resumed on the data that it began with, or not at all.</summary>
    public string Fingerprint()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[8];
        foreach (long value in (ReadOnlySpan<long>)[channels, height, width, .. labels])
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
            hash.AppendData(number);
        }

        hash.AppendData(pixels);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
