using CommunityToolkit.HighPerformance;

namespace Tercet.Memory;

/// <summary>
/// A read-only row-major <c>[rows, columns]</c> matrix of float32 over a file that the operating system pages in as it is read, so that it may be larger
/// than memory. The file must not be cut short while it is mapped.
/// </summary>
public sealed class MappedMatrix : IDisposable
{
    private readonly MappedFile _file;
    private readonly long _offset;
    private bool _isDisposed;

    /// <summary>Maps part of a file.</summary>
    /// <param name="file">An open file; the matrix closes it when it is disposed, or when this constructor throws.</param>
    /// <param name="byteOffset">Where element [0, 0] begins, a multiple of 4.</param>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative or no multiple of 4, a dimension is negative, or the matrix reaches beyond the end of the file.</exception>
    /// <exception cref="IOException">The operating system refuses the mapping.</exception>
    public MappedMatrix(FileStream file, long byteOffset, int rows, int columns)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
            ArgumentOutOfRangeException.ThrowIfNotEqual(byteOffset % sizeof(float), 0, nameof(byteOffset));
            ArgumentOutOfRangeException.ThrowIfNegative(rows);
            ArgumentOutOfRangeException.ThrowIfNegative(columns);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((Int128)rows * columns * sizeof(float), file.Length - byteOffset, nameof(rows));
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _file = new MappedFile(file);
        _offset = byteOffset;
        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>The elements, <c>[rows, columns]</c>; not to be used once the matrix is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The matrix has been disposed.</exception>
    public ReadOnlySpan2D<float> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _file.Rows(_offset, Rows, Columns);
        }
    }

    /// <summary>Unmaps and closes the file. Further calls do nothing.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _file.Dispose();
    }
}
