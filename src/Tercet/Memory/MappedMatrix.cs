using System.IO.MemoryMappedFiles;
using CommunityToolkit.HighPerformance;
using Microsoft.Win32.SafeHandles;

namespace Tercet.Memory;

/// <summary>
/// A read-only row-major <c>[rows, columns]</c> matrix of float32 over a file that the operating system pages in as it is read, so that it may be larger
/// than memory. The file must not be cut short while it is mapped.
/// </summary>
public sealed class MappedMatrix : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly nint _address;
    private int _disposed;

    /// <summary>Maps part of a file.</summary>
    /// <param name="file">An open file; the matrix closes it when it is disposed, or when this constructor throws.</param>
    /// <param name="byteOffset">Where element [0, 0] begins, a multiple of 4.</param>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is negative or no multiple of 4, a dimension is negative, or the matrix reaches beyond the end of the file.</exception>
    /// <exception cref="IOException">The operating system refuses the mapping.</exception>
    public unsafe MappedMatrix(FileStream file, long byteOffset, int rows, int columns)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            ArgumentOutOfRangeException.ThrowIfNegative(byteOffset);
            ArgumentOutOfRangeException.ThrowIfNotEqual(byteOffset % sizeof(float), 0, nameof(byteOffset));
            ArgumentOutOfRangeException.ThrowIfNegative(rows);
            ArgumentOutOfRangeException.ThrowIfNegative(columns);
            ArgumentOutOfRangeException.ThrowIfGreaterThan((Int128)rows * columns * sizeof(float), file.Length - byteOffset, nameof(rows));
            _file = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        try
        {
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* start = null;

            // SAFETY: the reference that AcquirePointer takes is given back once, in Dispose; the view begins at byte 0 of the file, and the matrix lies
            // inside the file, as checked above.
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            _address = (nint)(start + byteOffset);
        }
        catch
        {
            _view?.Dispose();
            _file.Dispose();
            throw;
        }

        Rows = rows;
        Columns = columns;
    }

    /// <summary>Number of rows.</summary>
    public int Rows { get; }

    /// <summary>Number of columns.</summary>
    public int Columns { get; }

    /// <summary>The elements, <c>[rows, columns]</c>; not to be used once the matrix is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The matrix has been disposed.</exception>
    public unsafe ReadOnlySpan2D<float> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed != 0, this);

            // SAFETY: the constructor checked that rows × columns elements lie inside the mapping, which lives until Dispose.
            return new ReadOnlySpan2D<float>((void*)_address, Rows, Columns, 0);
        }
    }

    /// <summary>Unmaps and closes the file. Further calls do nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        SafeMemoryMappedViewHandle handle = _view.SafeMemoryMappedViewHandle;
        handle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
