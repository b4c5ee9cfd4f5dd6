using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tercet.Memory;

/// <summary>
/// Keeps the native memory of disposed buffers for the next <see cref="Rent{T}"/>. Blocks come in powers of two from 4 KiB; at most
/// <see cref="CapacityBytes"/> idle bytes are held. Safe to use from many threads.
/// </summary>
public sealed class PinnedBufferPool : IDisposable
{
    private const int MinShift = 12;

    private readonly IBufferAllocator _allocator;
    private readonly Stack<NativeBlock>[] _idle;
    private readonly Lock _lock = new();
    private long _idleBytes;
    private bool _disposed;

    /// <summary>Creates a pool.</summary>
    /// <param name="allocator">Where new blocks come from; <see langword="null"/> means <see cref="AlignedAllocator"/>.</param>
    /// <param name="capacityBytes">Most idle bytes to hold; blocks returned beyond it are freed at once.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="capacityBytes"/> is negative.</exception>
    public PinnedBufferPool(IBufferAllocator? allocator = null, long capacityBytes = 1L << 30)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        _allocator = allocator ?? AlignedAllocator.Instance;
        CapacityBytes = capacityBytes;
        _idle = new Stack<NativeBlock>[64];
        for (int shift = 0; shift < _idle.Length; shift++)
            _idle[shift] = new Stack<NativeBlock>();
    }

    /// <summary>The pool that the engine uses where none is given.</summary>
    public static PinnedBufferPool Shared { get; } = new();

    /// <summary>Most idle bytes that the pool holds.</summary>
    public long CapacityBytes { get; }

    /// <summary>Bytes that wait in the pool now.</summary>
    public long IdleBytes
    {
        get
        {
            lock (_lock)
                return _idleBytes;
        }
    }

    /// <summary>A buffer of exactly <paramref name="length"/> elements. Its content is undefined; disposing it gives the memory back to this pool.</summary>
    /// <typeparam name="T">An unmanaged element type.</typeparam>
    /// <param name="length">Number of elements, 0 or more.</param>
    /// <returns>The buffer.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    /// <exception cref="ObjectDisposedException">The pool has been disposed.</exception>
    public PinnedBuffer<T> Rent<T>(int length)
        where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int shift = ShiftFor((nuint)length * (nuint)Unsafe.SizeOf<T>());
        NativeBlock? block = null;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_idle[shift].TryPop(out block))
                _idleBytes -= (long)block.ByteCount;
        }

        return new PinnedBuffer<T>(length, block ?? new NativeBlock(_allocator, (nuint)1 << shift), this);
    }

    /// <summary>Frees every idle block; buffers still rented are freed when they are disposed.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (Stack<NativeBlock> blocks in _idle)
            {
                while (blocks.TryPop(out NativeBlock? block))
                    block.Dispose();
            }

            _idleBytes = 0;
        }
    }

    internal bool TryReturn(NativeBlock block)
    {
        lock (_lock)
        {
            if (_disposed || _idleBytes + (long)block.ByteCount > CapacityBytes)
                return false;
            _idle[ShiftFor(block.ByteCount)].Push(block);
            _idleBytes += (long)block.ByteCount;
            return true;
        }
    }

    private static int ShiftFor(nuint byteCount) =>
        Math.Max(MinShift, byteCount <= 1 ? 0 : BitOperations.Log2(byteCount - 1) + 1);
}
