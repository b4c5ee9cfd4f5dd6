using System.Runtime.InteropServices;

namespace Tercet.Interchange;

/// <summary>
/// Streams a <c>.npy</c> file of rows whose number need not be known beforehand: the header's room is kept and its shape filled in at the end. The file
/// appears under its name only when <see cref="Complete"/> succeeds.
/// </summary>
public sealed class NpyWriter : IDisposable
{
    private readonly AtomicFile _file;
    private readonly NpyDataType _type;
    private readonly int? _columns;
    private long _elements;

    /// <summary>Begins a file.</summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="type">The element type.</param>
    /// <param name="columns">Elements a row, 1 or more; <see langword="null"/> for an array of one dimension.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="columns"/> is less than 1.</exception>
    /// <exception cref="TercetException">The file cannot be written there.</exception>
    public NpyWriter(string path, NpyDataType type, int? columns)
    {
        if (columns is int count)
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(columns));
        _type = type;
        _columns = columns;
        _file = new AtomicFile(path);
        try
        {
            WriteBytes(new byte[NpyHeader.FormattedLength]);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Number of complete rows written so far.</summary>
    public long Rows => _elements / (_columns ?? 1);

    /// <summary>Appends elements in row-major order; a call may begin and end anywhere in a row.</summary>
    /// <typeparam name="T">The .NET type of the file's element type.</typeparam>
    /// <param name="values">The elements.</param>
    /// <exception cref="ArgumentException"><typeparamref name="T"/> is not the file's type.</exception>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    public void Write<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        if (TypeOf<T>() != _type)
            throw new ArgumentException($"{typeof(T).Name} is written into a file of {_type}.", nameof(values));

        // A span of 2³¹ elements has more bytes than a span of bytes can have.
        const int Chunk = 1 << 26;
        int count = values.Length;
        for (; values.Length > Chunk; values = values[Chunk..])
            WriteBytes(MemoryMarshal.AsBytes(values[..Chunk]));
        WriteBytes(MemoryMarshal.AsBytes(values));
        _elements += count;
    }

    /// <summary>Fills the shape in, flushes, and gives the file its name.</summary>
    /// <exception cref="InvalidOperationException">The last row is incomplete.</exception>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    public void Complete()
    {
        int columns = _columns ?? 1;
        if (_elements % columns != 0)
            throw new InvalidOperationException($"{_elements} elements were written, which are no whole number of rows of {columns}.");
        try
        {
            _file.Stream.Position = 0;
            _file.Stream.Write(new NpyHeader(_type, _columns is null ? 1 : 2, Rows, columns, NpyHeader.FormattedLength).Format());
        }
        catch (Exception exception) when (exception is IOException or NotSupportedException)
        {
            throw AtomicFile.CannotWrite(_file.Path, exception);
        }

        _file.Commit();
    }

    /// <summary>Closes the file, and removes what was written if it was not completed.</summary>
    public void Dispose() => _file.Dispose();

    private static NpyDataType? TypeOf<T>() =>
        typeof(T) == typeof(Half) ? NpyDataType.F2
        : typeof(T) == typeof(float) ? NpyDataType.F4
        : typeof(T) == typeof(double) ? NpyDataType.F8
        : typeof(T) == typeof(sbyte) ? NpyDataType.I1
        : typeof(T) == typeof(short) ? NpyDataType.I2
        : typeof(T) == typeof(int) ? NpyDataType.I4
        : typeof(T) == typeof(long) ? NpyDataType.I8
        : typeof(T) == typeof(byte) ? NpyDataType.U1
        : typeof(T) == typeof(ushort) ? NpyDataType.U2
        : typeof(T) == typeof(uint) ? NpyDataType.U4
        : typeof(T) == typeof(ulong) ? NpyDataType.U8
        : null;

    private void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _file.Stream.Write(bytes);
        }
        catch (IOException exception)
        {
            throw AtomicFile.CannotWrite(_file.Path, exception);
        }
    }
}
