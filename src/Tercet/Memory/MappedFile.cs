using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance;
using Microsoft.Win32.SafeHandles;

namespace Tercet.Memory;

/// <summary>
/// A whole file in memory that the operating system pages in as it is read: views of bytes, values and rows where they lie. The file must not be cut short
/// while it is mapped; it may be renamed or deleted.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly bool _isPrivate;
    private int _disposed;

    /// <summary>Maps a file.</summary>
    /// <param name="path">The file, at least one byte long.</param>
    /// <param name="isPrivate">Whether the mapping can be written to; what is written is never seen by the file or by another mapping, and takes memory page by page.</param>
    /// <exception cref="IOException">The file cannot be opened or mapped.</exception>
    public MappedFile(string path, bool isPrivate = false)
        : this(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0), isPrivate)
    {
    }

    /// <summary>Maps an open file.</summary>
    /// <param name="stream">The file, at least one byte long; closed when this is disposed, or when this constructor throws.</param>
    /// <param name="isPrivate">As above.</param>
    /// <exception cref="IOException">The file cannot be mapped.</exception>
    public MappedFile(FileStream stream, bool isPrivate = false)
    {
        MemoryMappedFileAccess access = isPrivate ? MemoryMappedFileAccess.CopyOnWrite : MemoryMappedFileAccess.Read;
        try
        {
            Length = stream.Length;
            _file = MemoryMappedFile.CreateFromFile(stream, null, 0, access, HandleInheritability.None, leaveOpen: false);
        }
        catch
        {
            stream.Dispose();
            throw;
        }

        try
        {
            _isPrivate = isPrivate;
            _view = _file.CreateViewAccessor(0, 0, access);
            byte* start = null;

            // SAFETY: the reference that AcquirePointer takes is given back once, in Dispose. Every view below is checked against the length.
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
            _start = start;
        }
        catch
        {
            _view?.Dispose();
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Bytes in the file when it was mapped.</summary>
    public long Length { get; }

    /// <summary>Values of one type, where they lie.</summary>
    /// <param name="offset">Where the first begins, a multiple of their size.</param>
    /// <param name="count">How many.</param>
    public ReadOnlySpan<T> Values<T>(long offset, int count)
        where T : unmanaged => new(At(offset, (Int128)count * sizeof(T), sizeof(T)), count);

    /// <summary>Values that may be changed, of a private mapping.</summary>
    /// <inheritdoc cref="Values{T}"/>
    /// <exception cref="InvalidOperationException">The mapping is not private.</exception>
    public Span<T> PrivateValues<T>(long offset, int count)
        where T : unmanaged =>
        _isPrivate ? new(At(offset, (Int128)count * sizeof(T), sizeof(T)), count) : throw new InvalidOperationException("The mapping is not private.");

    /// <summary>Rows of float32, where they lie.</summary>
    /// <param name="offset">Where the first begins, a multiple of 4.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="columns">Floats a row.</param>
    public ReadOnlySpan2D<float> Rows(long offset, int rows, int columns) =>
        new(At(offset, (Int128)rows * columns * sizeof(float), sizeof(float)), rows, columns, 0);

    /// <summary>Unmaps and closes the file. No view may be used afterwards. Further calls do nothing.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        SafeMemoryMappedViewHandle handle = _view.SafeMemoryMappedViewHandle;
        handle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    // SAFETY: what is returned is valid for that many bytes until Dispose.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void* At(long offset, Int128 bytes, int alignment)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (offset < 0 || offset % alignment != 0 || bytes < 0 || offset + bytes > Length)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{bytes} bytes from {offset} do not lie in a file of {Length}.");
        return _start + offset;
    }
}
