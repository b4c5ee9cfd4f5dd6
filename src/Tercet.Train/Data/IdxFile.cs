using System.Buffers.Binary;
using System.IO.Compression;

namespace Tercet.Train.Data;

/// <summary>IDX files of bytes, MNIST's format, plain or gzip: images <c>[N, H, W]</c> with labels <c>[N]</c> in a second file of the matching name.</summary>
internal static class IdxFile
{
    private const int UnsignedBytes = 8;

    public static bool IsImages(string path) => Path.GetFileName(path).Contains("idx3-ubyte", StringComparison.Ordinal);

    /// <summary>Reads images and their labels.</summary>
    /// <param name="path">The file of images; <c>images-idx3</c> in its name becomes <c>labels-idx1</c>.</param>
    /// <exception cref="InvalidFileException">A file is missing or malformed, or the two do not belong together.</exception>
    public static ImageSet Read(string path)
    {
        string labelPath = Path.Combine(Path.GetDirectoryName(path) ?? "", Path.GetFileName(path).Replace("images-idx3", "labels-idx1", StringComparison.Ordinal));
        if (!File.Exists(labelPath))
            throw new InvalidFileException(path, $"its labels, {Path.GetFileName(labelPath)}, are not beside it");
        (int[] shape, byte[] pixels) = ReadBytes(path, dimensions: 3);
        (int[] count, byte[] labels) = ReadBytes(labelPath, dimensions: 1);
        if (count[0] != shape[0])
            throw new InvalidFileException(labelPath, $"holds {count[0]} labels for the {shape[0]} images of {Path.GetFileName(path)}");
        return new ImageSet(pixels, Array.ConvertAll(labels, label => (long)label), 1, shape[1], shape[2]);
    }

    /// <summary>Writes images and labels, 256 classes at most.</summary>
    /// <param name="path">The file of images.</param>
    /// <param name="pixels">The images, <c>[N, H, W]</c>.</param>
    /// <param name="labels">Their labels, <c>[N]</c>.</param>
    /// <param name="height">H.</param>
    /// <param name="width">W.</param>
    public static void Write(string path, ReadOnlySpan<byte> pixels, ReadOnlySpan<byte> labels, int height, int width)
    {
        WriteBytes(path.Replace("images-idx3", "labels-idx1", StringComparison.Ordinal), labels, [labels.Length]);
        WriteBytes(path, pixels, [labels.Length, height, width]);
    }

    private static (int[] Shape, byte[] Values) ReadBytes(string path, int dimensions)
    {
        try
        {
            using Stream file = File.OpenRead(path);
            using Stream content = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            byte[] head = new byte[4 + (4 * dimensions)];
            content.ReadExactly(head);
            if (head[0] != 0 || head[1] != 0 || head[2] != UnsignedBytes || head[3] != dimensions)
                throw new InvalidFileException(path, $"is no IDX file of bytes in {dimensions} dimensions (it begins with {Convert.ToHexString(head.AsSpan(0, 4))})");
            int[] shape = new int[dimensions];
            long length = 1;
            for (int i = 0; i < dimensions; i++)
            {
                shape[i] = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4 + (4 * i)));
                length = shape[i] < 1 ? -1 : length < 0 ? -1 : Math.Min(length * shape[i], long.MaxValue / int.MaxValue);
            }

            if (length < 0 || length > Array.MaxLength)
                throw new InvalidFileException(path, $"its shape [{string.Join(", ", shape)}] cannot be");
            byte[] values = new byte[length];
            content.ReadExactly(values);
            return (shape, values);
        }
        catch (EndOfStreamException failure)
        {
            throw new InvalidFileException(path, "ends early", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InvalidFileException(path, $"cannot be read: {failure.Message}", failure);
        }
    }

    private static void WriteBytes(string path, ReadOnlySpan<byte> values, int[] shape)
    {
        byte[] file = new byte[4 + (4 * shape.Length) + values.Length];
        (file[2], file[3]) = (UnsignedBytes, (byte)shape.Length);
        for (int i = 0; i < shape.Length; i++)
            BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(4 + (4 * i)), shape[i]);
        values.CopyTo(file.AsSpan(4 + (4 * shape.Length)));
        Interchange.AtomicFile.Write(path, stream => stream.Write(file));
    }
}
