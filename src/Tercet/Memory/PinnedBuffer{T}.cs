using System.Buffers;
using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance;

namespace Tercet.Memory;

/// <summary>
/// A fixed-length buffer of unmanaged values in native memory that never moves: ONNX Runtime binds it, kernels read it, and the caller
/// sees it as a span. Aligned to <see cref="PinnedBuffer.Alignment"/> bytes and zeroed when allocated.
/// </summary>
/// <typeparam name="T">An unmanaged element type.</typeparam>
/// <remarks>
/// Every access after <see cref="Dispose()"/> throws <see cref="ObjectDisposedException"/>. A span taken earlier is not tracked: like any span over
/// native memory it must not be used once the buffer is disposed. A buffer dropped without dispose is freed by its handle's finalizer.
/// </remarks>
public sealed class PinnedBuffer<T> : MemoryManager<T>
    where T : unmanaged
{
    private readonly NativeBlock _block;
    private readonly int _length;
    private readonly PinnedBufferPool? _pool;
    private int _disposed;

    /// <summary>Allocates a buffer of <paramref name="length"/> zeroed elements.</summary>
    /// <param name="length">Number of elements, 0 or more.</param>
    /// <param name="allocator">Where the bytes come from; <see langword="null"/> means <see cref="AlignedAllocator"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="OutOfMemoryException">The memory is not to be had.</exception>
    public PinnedBuffer(int length, IBufferAllocator? allocator = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _length = length;
        _block = new NativeBlock(allocator ?? AlignedAllocator.Instance, Math.Max(1, (nuint)length * (nuint)Unsafe.SizeOf<T>()));
    }

    internal PinnedBuffer(int length, NativeBlock block, PinnedBufferPool pool)
    {
        _length = length;
        _block = block;
        _pool = pool;
    }

    /// <summary>Number of elements.</summary>
    public int Length => _length;

    /// <summary>Number of bytes that the elements take.</summary>
    public nuint ByteCount => (nuint)_length * (nuint)Unsafe.SizeOf<T>();

    /// <summary>The elements.</summary>
    /// <exception cref="ObjectDisposedException">The buffer has been disposed.</exception>
    public Span<T> Span => GetSpan();

    /// <summary>The address of the first element, for native calls; valid until <see cref="Dispose()"/>.</summary>
    /// <exception cref="ObjectDisposedException">The buffer has been disposed.</exception>
    public nint DangerousGetAddress()
    {
        ThrowIfDisposed();
        return _block.Address;
    }

    /// <inheritdoc/>
    public override unsafe Span<T> GetSpan()
    {
        ThrowIfDisposed();

        // SAFETY: the block holds at least _length elements of T and lives until this buffer is disposed.
        return new Span<T>((void*)_block.Address, _length);
    }

    /// <summary>The first <c>rows × columns</c> elements as a row-major matrix.</summary>
    /// <param name="rows">Number of rows, 0 or more.</param>
    /// <param name="columns">Number of columns, 0 or more.</param>
    /// <returns>A view of shape <c>[rows, columns]</c>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is negative, or the matrix is larger than the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer has been disposed.</exception>
    public unsafe Span2D<T> AsMatrix(int rows, int columns)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((long)rows * columns, _length, nameof(rows));

        // SAFETY: rows × columns elements lie inside the block, as checked above.
        return new Span2D<T>((void*)_block.Address, rows, columns, 0);
    }

    /// <inheritdoc/>
    public override unsafe MemoryHandle Pin(int elementIndex = 0)
    {
        ThrowIfDisposed();
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, _length);

        bool added = false;
        _block.DangerousAddRef(ref added);

        // SAFETY: the index is inside the buffer, and the reference taken above keeps the block alive until Unpin.
        return new MemoryHandle((T*)_block.Address + elementIndex, default, this);
    }

    /// <inheritdoc/>
    public override void Unpin() => _block.DangerousRelease();

    /// <summary>Gives the memory back to its pool or its allocator. Further calls do nothing.</summary>
    public void Dispose() => ((IDisposable)this).Dispose();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing || Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        if (_pool is null || !_pool.TryReturn(_block))
            _block.Dispose();
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed != 0, this);
}
