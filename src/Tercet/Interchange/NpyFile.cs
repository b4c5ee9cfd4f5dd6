using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using Microsoft.Win32.SafeHandles;
using Tercet.Memory;

namespace Tercet.Interchange;

/// <summary>
/// Reads and writes NumPy's <c>.npy</c> files: embeddings as <c>[N, D]</c> of f4 (or f8, f2, rounded to float32), labels as <c>[N]</c> integers. The declared shape is
/// checked against the file's length before anything of its size is allocated. Values are not looked at: NaN stays NaN. For little-endian machines.
/// </summary>
public static class NpyFile
{
    // Bytes read or converted at a time.
    private const int ChunkBytes = 1 << 26;
    private const int ConvertBytes = 1 << 18;

    /// <summary>Reads and checks the header alone.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidFileException">The file cannot be opened, or is no <c>.npy</c> file that can be read here.</exception>
    public static NpyHeader ReadHeader(string path)
    {
        using SafeFileHandle file = Open(path, FileOptions.None);
        return ReadHeader(file, path);
    }

    /// <summary>Reads a matrix of f4, f8 or f2; f4 goes straight from the file into the pinned memory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="pool">Where to rent the memory; <see langword="null"/> allocates it.</param>
    /// <returns>The matrix, <c>[rows, columns]</c> row-major; the caller disposes it.</returns>
    /// <exception cref="InvalidFileException">The file cannot be opened, is malformed, truncated or of another dtype, or has not two dimensions.</exception>
    public static PinnedMatrix ReadMatrix(string path, PinnedBufferPool? pool = null)
    {
        using SafeFileHandle file = Open(path, FileOptions.SequentialScan);
        NpyHeader header = ReadHeader(file, path);
        CheckMatrix(header, path);
        if (!header.Type.IsFloat())
            throw new InvalidFileException(path, $"dtype {header.Type.Descriptor()} where embeddings of f4, f8 or f2 are wanted");
        if (header.Rows * header.Columns > int.MaxValue)
            throw new InvalidFileException(path, $"shape {header.ShapeText} has more than {int.MaxValue} elements; map the file instead of reading it");

        PinnedMatrix matrix = new((int)header.Rows, (int)header.Columns, pool);
        try
        {
            Span<float> values = matrix.Buffer.Span;
            if (header.Type == NpyDataType.F4)
                Fill(file, header.DataOffset, values, path);
            else if (header.Type == NpyDataType.F8)
                Convert<double, float>(file, header.DataOffset, values, path, TensorPrimitives.ConvertTruncating);
            else
                Convert<Half, float>(file, header.DataOffset, values, path, TensorPrimitives.ConvertToSingle);
            return matrix;
        }
        catch
        {
            matrix.Dispose();
            throw;
        }
    }

    /// <summary>Maps a matrix of f4 without reading it, for galleries larger than memory.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The matrix, <c>[rows, columns]</c> row-major; the caller disposes it.</returns>
    /// <exception cref="InvalidFileException">The file cannot be opened or mapped, is malformed, truncated or of another dtype, or has not two dimensions.</exception>
    public static MappedMatrix MapMatrix(string path)
    {
        NpyHeader header;
        FileStream stream;
        using (SafeFileHandle file = Open(path, FileOptions.None))
            header = ReadHeader(file, path);
        CheckMatrix(header, path);
        if (header.Type != NpyDataType.F4)
            throw new InvalidFileException(path, $"dtype {header.Type.Descriptor()} where f4 is wanted; only f4 can be mapped");
        if (header.DataOffset % sizeof(float) != 0)
            throw new InvalidFileException(path, "the elements are not aligned to 4 bytes and cannot be mapped; save the array again");
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            return new MappedMatrix(stream, header.DataOffset, (int)header.Rows, (int)header.Columns);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            throw new InvalidFileException(path, $"cannot be mapped: {exception.Message}", exception);
        }
    }

    /// <summary>Reads labels: integers of any width, shape <c>[N]</c> or <c>[N, 1]</c>.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The labels, <c>[N]</c>.</returns>
    /// <exception cref="InvalidFileException">The file cannot be opened, is malformed or truncated, holds no integers or another shape, or a u8 value is above 2⁶³ − 1.</exception>
    public static long[] ReadLabels(string path)
    {
        using SafeFileHandle file = Open(path, FileOptions.SequentialScan);
        NpyHeader header = ReadHeader(file, path);
        if (header.Columns != 1 || header.Rows > Array.MaxLength)
            throw new InvalidFileException(path, $"shape {header.ShapeText} where labels of shape (N,) are wanted");

        long[] labels = new long[header.Rows];
        switch (header.Type)
        {
            case NpyDataType.I8: Fill<long>(file, header.DataOffset, labels, path); break;
            case NpyDataType.U8: FillUnsigned(file, header.DataOffset, labels, path); break;
            case NpyDataType.I1: Convert<sbyte, long>(file, header.DataOffset, labels, path, TensorPrimitives.ConvertTruncating); break;
            case NpyDataType.I2: Convert<short, long>(file, header.DataOffset, labels, path, TensorPrimitives.ConvertTruncating); break;
            case NpyDataType.I4: Convert<int, long>(file, header.DataOffset, labels, path, TensorPrimitives.ConvertTruncating); break;
            case NpyDataType.U1: Convert<byte, long>(file, header.DataOffset, labels, path, TensorPrimitives.ConvertTruncating); break;
            case NpyDataType.U2: Convert<ushort, long>(file, header.DataOffset, labels, path, TensorPrimitives.ConvertTruncating); break;
            case NpyDataType.U4: Convert<uint, long>(file, header.DataOffset, labels, path, TensorPrimitives.ConvertTruncating); break;
            default: throw new InvalidFileException(path, $"dtype {header.Type.Descriptor()} where integer labels are wanted");
        }

        return labels;
    }

    /// <summary>Writes a matrix as f4, whole or not at all.</summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="matrix">The matrix, <c>[rows, columns]</c>, one column or more.</param>
    /// <exception cref="ArgumentException">The matrix has no columns.</exception>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    public static void WriteMatrix(string path, ReadOnlySpan2D<float> matrix) => WriteRows(path, matrix, NpyDataType.F4);

    /// <summary>Writes a matrix as i8, whole or not at all.</summary>
    /// <inheritdoc cref="WriteMatrix"/>
    public static void WriteInt64(string path, ReadOnlySpan2D<long> matrix) => WriteRows(path, matrix, NpyDataType.I8);

    /// <summary>Writes labels as i8 of shape <c>[N]</c>, whole or not at all.</summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="labels">The labels, <c>[N]</c>.</param>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    public static void WriteLabels(string path, ReadOnlySpan<long> labels)
    {
        using NpyWriter writer = new(path, NpyDataType.I8, null);
        writer.Write(labels);
        writer.Complete();
    }

    internal static SafeFileHandle Open(string path, FileOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, options);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidFileException(path, "there is no such file", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new InvalidFileException(path, $"cannot be opened: {exception.Message}", exception);
        }
    }

    private static NpyHeader ReadHeader(SafeFileHandle file, string path)
    {
        try
        {
            return NpyHeader.Read(file, path);
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new InvalidFileException(path, $"cannot be read: {exception.Message}", exception);
        }
    }

    private static void CheckMatrix(NpyHeader header, string path)
    {
        if (header.Rank != 2)
            throw new InvalidFileException(path, $"shape {header.ShapeText} where embeddings of shape (N, D) are wanted");
        if (header.Rows > int.MaxValue || header.Columns > int.MaxValue)
            throw new InvalidFileException(path, $"shape {header.ShapeText} has a dimension above {int.MaxValue}");
    }

    private static void WriteRows<T>(string path, ReadOnlySpan2D<T> matrix, NpyDataType type)
        where T : unmanaged
    {
        if (matrix.Width == 0)
            throw new ArgumentException($"A matrix of {matrix.Height} rows has no columns.", nameof(matrix));
        using NpyWriter writer = new(path, type, matrix.Width);
        for (int row = 0; row < matrix.Height; row++)
            writer.Write(matrix.GetRowSpan(row));
        writer.Complete();
    }

    private static void Fill<T>(SafeFileHandle file, long offset, Span<T> values, string path)
        where T : unmanaged
    {
        while (!values.IsEmpty)
        {
            int count = Math.Min(values.Length, ChunkBytes / Unsafe.SizeOf<T>());
            Span<byte> bytes = MemoryMarshal.AsBytes(values[..count]);
            for (int done = 0; done < bytes.Length;)
            {
                int read;
                try
                {
                    read = RandomAccess.Read(file, bytes[done..], offset);
                }
                catch (IOException exception)
                {
                    throw new InvalidFileException(path, $"cannot be read: {exception.Message}", exception);
                }

                if (read == 0)
                    throw new InvalidFileException(path, "the file was cut short while it was read");
                done += read;
                offset += read;
            }

            values = values[count..];
        }
    }

    private static void Convert<TFrom, TTo>(SafeFileHandle file, long offset, Span<TTo> values, string path, Conversion<TFrom, TTo> convert)
        where TFrom : unmanaged
    {
        TFrom[] chunk = new TFrom[ConvertBytes / Unsafe.SizeOf<TFrom>()];
        for (int done = 0; done < values.Length;)
        {
            Span<TFrom> source = chunk.AsSpan(0, Math.Min(chunk.Length, values.Length - done));
            Fill(file, offset + ((long)done * Unsafe.SizeOf<TFrom>()), source, path);
            convert(source, values[done..]);
            done += source.Length;
        }
    }

    private static void FillUnsigned(SafeFileHandle file, long offset, Span<long> labels, string path)
    {
        Fill(file, offset, MemoryMarshal.Cast<long, ulong>(labels), path);
        int row = labels.IndexOfAnyInRange(long.MinValue, -1);
        if (row >= 0)
            throw new InvalidFileException(path, $"label {(ulong)labels[row]} at row {row} is above {long.MaxValue}");
    }

    private delegate void Conversion<TFrom, TTo>(ReadOnlySpan<TFrom> source, Span<TTo> destination);
}
