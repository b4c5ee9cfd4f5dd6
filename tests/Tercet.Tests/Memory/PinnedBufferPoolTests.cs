using System.Buffers;
using Tercet.Memory;

namespace Tercet.Tests.Memory;

public sealed class PinnedBufferPoolTests
{
    [Fact]
    public void Rent_AfterDispose_LendsTheSameBlockAgain()
    {
        CountingAllocator allocator = new();
        using PinnedBufferPool pool = new(allocator);
        PinnedBuffer<float> first = pool.Rent<float>(1000);
        nint address = first.DangerousGetAddress();
        first.Dispose();
        first.Dispose();
        Assert.Equal(4096, pool.IdleBytes);

        using PinnedBuffer<double> second = pool.Rent<double>(512);
        Assert.Equal(address, second.DangerousGetAddress());
        Assert.Equal(512, second.Span.Length);
        Assert.Equal((1, 0), (allocator.Allocations, pool.IdleBytes));
    }

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 8192)]
    [InlineData(1_000_000, 1 << 20)]
    public void Rent_AnyLength_TakesTheNextPowerOfTwo(int length, long bytes)
    {
        using PinnedBufferPool pool = new();
        PinnedBuffer<byte> buffer = pool.Rent<byte>(length);
        Assert.Equal(length, buffer.Length);
        Assert.Equal(0, buffer.DangerousGetAddress() % PinnedBuffer.Alignment);
        buffer.Dispose();
        Assert.Equal(bytes, pool.IdleBytes);
    }

    [Fact]
    public unsafe void Dispose_WhilePinned_DoesNotLendTheBlockUntilUnpinned()
    {
        CountingAllocator allocator = new();
        using PinnedBufferPool pool = new(allocator);
        PinnedBuffer<int> pinned = pool.Rent<int>(10);
        MemoryHandle handle = pinned.Pin();
        nint address = (nint)handle.Pointer;
        pinned.Dispose();
        Assert.Equal(0, pool.IdleBytes);

        using (PinnedBuffer<int> other = pool.Rent<int>(10))
        {
            Assert.NotEqual(address, other.DangerousGetAddress());
            Assert.Equal(2, allocator.Allocations);
        }

        handle.Dispose();
        Assert.Equal(8192, pool.IdleBytes);
        using PinnedBuffer<int> again = pool.Rent<int>(10);
        Assert.Equal(address, again.DangerousGetAddress());
    }

    [Fact]
    public void Return_BeyondCapacity_Frees()
    {
        CountingAllocator allocator = new();
        using PinnedBufferPool pool = new(allocator, capacityBytes: 4096);
        PinnedBuffer<byte> first = pool.Rent<byte>(1);
        PinnedBuffer<byte> second = pool.Rent<byte>(1);
        first.Dispose();
        second.Dispose();
        Assert.Equal((4096L, 1), (pool.IdleBytes, allocator.Live));
    }

    [Fact]
    public void Dispose_WithRentedBuffer_FreesBothAndRefusesRent()
    {
        CountingAllocator allocator = new();
        PinnedBufferPool pool = new(allocator);
        PinnedBuffer<byte> rented = pool.Rent<byte>(1);
        pool.Rent<byte>(1).Dispose();
        pool.Dispose();
        Assert.Equal(1, allocator.Live);
        rented.Span[0] = 1;
        rented.Dispose();
        Assert.Equal((0, 0), (allocator.Live, allocator.BadFrees));
        Assert.Throws<ObjectDisposedException>(() => pool.Rent<byte>(1));
    }

    [Fact]
    public void Rent_NegativeLength_Throws() => Assert.Throws<ArgumentOutOfRangeException>("length", () => PinnedBufferPool.Shared.Rent<byte>(-1));

    [Fact]
    public async Task PinAndDispose_Racing_NeverShareABlock()
    {
        CountingAllocator allocator = new();
        using PinnedBufferPool pool = new(allocator);
        int clashes = 0;
        await Task.WhenAll(Enumerable.Range(1, 4).Select(worker => Task.Run(() =>
        {
            for (int round = 0; round < 2000; round++)
            {
                PinnedBuffer<int> buffer = pool.Rent<int>(64);
                MemoryHandle handle = buffer.Pin();
                Task disposing = round % 16 == 0 ? Task.Run(buffer.Dispose, TestContext.Current.CancellationToken) : Task.CompletedTask;
                if (round % 16 != 0)
                    buffer.Dispose();
                int stamp = (worker * 10_000) + round;
                if (!StampHolds(handle, stamp))
                    Interlocked.Increment(ref clashes);
                handle.Dispose();
                disposing.Wait(TestContext.Current.CancellationToken);
            }
        })));

        Assert.Equal((0, 0), (clashes, allocator.BadFrees));
        pool.Dispose();
        Assert.Equal(0, allocator.Live);
    }

    private static unsafe bool StampHolds(MemoryHandle handle, int stamp)
    {
        Span<int> values = new(handle.Pointer, 64);
        values.Fill(stamp);
        Thread.Yield();
        return values.IndexOfAnyExcept(stamp) < 0;
    }
}
