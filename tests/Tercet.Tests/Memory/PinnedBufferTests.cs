using System.Buffers;
using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance;
using Tercet.Memory;

namespace Tercet.Tests.Memory;

public sealed class PinnedBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(100_003)]
    public void Constructor_AnyLength_IsAlignedZeroedAndOfThatLength(int length)
    {
        using PinnedBuffer<float> buffer = new(length);

        Assert.Equal(0, buffer.DangerousGetAddress() % PinnedBuffer.Alignment);
        Assert.Equal(length, buffer.Span.Length);
        Assert.Equal((nuint)length * 4, buffer.ByteCount);
        Assert.Equal(-1, buffer.Span.IndexOfAnyExcept(0f));
    }

    [Fact]
    public void Constructor_NegativeLength_Throws() => Assert.Throws<ArgumentOutOfRangeException>("length", () => new PinnedBuffer<float>(-1));

    [Fact]
    public void Constructor_AllocatorGivesNoAddress_Throws() => Assert.Throws<InvalidOperationException>(() => new PinnedBuffer<float>(4, new NullAllocator()));

    [Fact]
    public void AsMatrix_FullAndPartial_IsRowMajorOverTheSameMemory()
    {
        using PinnedBuffer<int> buffer = new(12);
        for (int i = 0; i < 12; i++)
            buffer.Span[i] = i;

        Span2D<int> matrix = buffer.AsMatrix(3, 4);
        Assert.Equal((3, 4), (matrix.Height, matrix.Width));
        Assert.Equal(6, matrix[1, 2]);
        matrix[2, 3] = -1;
        Assert.Equal(-1, buffer.Span[11]);
        ReadOnlySpan2D<int> view = buffer.AsMatrix(2, 2);
        Assert.Equal(3, view[1, 1]);
        Assert.Equal(0, buffer.AsMatrix(0, 5).Length);
    }

    [Theory]
    [InlineData(-1, 2)]
    [InlineData(2, -1)]
    [InlineData(3, 5)]
    [InlineData(65_536, 65_536)]
    public void AsMatrix_BadShape_Throws(int rows, int columns)
    {
        using PinnedBuffer<int> buffer = new(12);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.AsMatrix(rows, columns).Length);
    }

    [Fact]
    public void EveryAccess_AfterDispose_Throws()
    {
        PinnedBuffer<float> buffer = new(8);
        Memory<float> memory = buffer.Memory;
        buffer.Dispose();
        buffer.Dispose();

        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory.Length);
        Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.AsMatrix(2, 2).Length);
        Assert.Throws<ObjectDisposedException>(() => buffer.DangerousGetAddress());
        Assert.Throws<ObjectDisposedException>(() => buffer.Pin());
    }

    [Fact]
    public void Dispose_CountingAllocator_FreesOnceWithTheSameSize()
    {
        CountingAllocator allocator = new();
        PinnedBuffer<double> buffer = new(33, allocator);
        Assert.Equal((1, 1), (allocator.Allocations, allocator.Live));

        buffer.Dispose();
        buffer.Dispose();

        Assert.Equal((0, 0), (allocator.Live, allocator.BadFrees));
    }

    [Fact]
    public unsafe void Pin_DisposeWhilePinned_FreesAtTheLastUnpin()
    {
        CountingAllocator allocator = new();
        PinnedBuffer<int> buffer = new(8, allocator);
        MemoryHandle first = buffer.Pin();
        MemoryHandle second = buffer.Memory[3..].Pin();
        Assert.Equal(buffer.DangerousGetAddress() + 12, (nint)second.Pointer);

        buffer.Dispose();
        first.Dispose();
        Assert.Equal(1, allocator.Live);
        *(int*)second.Pointer = 5;
        second.Dispose();

        Assert.Equal((0, 0), (allocator.Live, allocator.BadFrees));
    }

    [Fact]
    public void Unpin_WithoutPin_Throws()
    {
        using PinnedBuffer<int> buffer = new(8);
        Assert.Throws<InvalidOperationException>(buffer.Unpin);
        buffer.Pin().Dispose();
        Assert.Throws<InvalidOperationException>(buffer.Unpin);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(9)]
    public void Pin_IndexOutside_ThrowsAndCountsNoPin(int index)
    {
        CountingAllocator allocator = new();
        PinnedBuffer<int> buffer = new(8, allocator);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Pin(index));
        buffer.Dispose();
        Assert.Equal(0, allocator.Live);
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public void Grow_ToALength_ReplacesOnlyATooShortBuffer(int length, bool replaced)
    {
        PinnedBuffer<int> first = new(10);
        PinnedBuffer<int> buffer = first;
        PinnedBuffer.Grow(ref buffer, length);
        Assert.Equal(replaced, !ReferenceEquals(first, buffer));
        Assert.InRange(buffer.Length, length, 13);
        if (replaced)
            Assert.Throws<ObjectDisposedException>(() => first.Span.Length);
        buffer.Dispose();
    }

    [Fact]
    public void Finalizer_DroppedBuffers_FreesThem()
    {
        CountingAllocator allocator = new();
        using PinnedBufferPool pool = new(allocator);
        Drop(allocator, pool);
        for (int attempt = 0; attempt < 20 && allocator.Live > 0; attempt++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal((3, 0, 0), (allocator.Allocations, allocator.Live, allocator.BadFrees));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Drop(CountingAllocator allocator, PinnedBufferPool pool)
    {
        new PinnedBuffer<byte>(100, allocator).Span.Fill(1);
        pool.Rent<byte>(100).Span.Fill(1);
        _ = new PinnedBuffer<byte>(100, allocator).Pin();
    }

    private sealed class NullAllocator : IBufferAllocator
    {
        public nint Allocate(nuint byteCount) => 0;

        public void Free(nint address, nuint byteCount) => throw new InvalidOperationException();
    }
}
