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
/// native memory it must not be used once the buffer is disposed or unreachable. A <see cref="MemoryHandle"/> is tracked: while one is alive
/// a disposed buffer keeps its memory, and the release of the last one gives it back. A buffer dropped without dispose is freed by its
/// handle's finalizer.
/// </remarks>
public sealed class PinnedBuffer<T> : MemoryManager<T>
    where T : unmanaged
{
    private const int DisposedFlag = int.MinValue;

    private readonly NativeBlock _block;
    private readonly int _length;
    private readonly PinnedBufferPool? _pool;

    // DisposedFlag | number of live pins. One word, so that no pin can slip in between the last check and the return to the pool.
    private int _state;

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

        int state = Volatile.Read(ref _state);
        while (true)
        {
            ObjectDisposedException.ThrowIf(state < 0, this);
            int seen = Interlocked.CompareExchange(ref _state, state + 1, state);
            if (seen == state)
                break;
            state = seen;
        }

        // SAFETY: the index is inside the buffer, and the pin counted above keeps the block from its pool and allocator until Unpin.
        return new MemoryHandle((T*)_block.Address + elementIndex, default, this);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no pin to release.</exception>
    public override void Unpin()
    {
        int state = Volatile.Read(ref _state);
        while (true)
        {
            if ((state & ~DisposedFlag) == 0)
                throw new InvalidOperationException("Unpin was called more often than Pin.");
            int seen = Interlocked.CompareExchange(ref _state, state - 1, state);
            if (seen == state)
                break;
            state = seen;
        }

        if (state - 1 == DisposedFlag)
            GiveBack();
    }

    /// <summary>Gives the memory back to its pool or its allocator, at once or when the last pin is released. Further calls do nothing.</summary>
    public void Dispose() => ((IDisposable)this).Dispose();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Or(ref _state, DisposedFlag) == 0)
            GiveBack();
    }

    private void GiveBack()
    {
        if (_pool is null || !_pool.TryReturn(_block))
            _block.Dispose();
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _state) < 0, this);
}
