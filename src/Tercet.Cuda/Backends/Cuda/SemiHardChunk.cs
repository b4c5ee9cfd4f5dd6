using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The answers of one chunk of anchors in page-locked memory, on their way from the device to the consumer.</summary>
internal sealed class SemiHardChunk(CudaSession session, ICudaDriver driver, IBufferAllocator pageLocked) : IDisposable
{
    private PinnedBuffer<double> _values = new(1, pageLocked);
    private PinnedBuffer<int> _order = new(1, pageLocked);
    private PinnedBuffer<int> _found = new(1, pageLocked);
    private PinnedBuffer<double> _keys = new(1, pageLocked);
    private PinnedBuffer<long> _hard = new(1, pageLocked);
    private PinnedBuffer<long> _violating = new(1, pageLocked);

    /// <summary>Passed when the answers are there.</summary>
    public nint Copied { get; } = driver.CreateEvent();

    /// <summary>First anchor.</summary>
    public int First { get; private set; }

    /// <summary>Number of anchors.</summary>
    public int Count { get; private set; }

    /// <summary>Distances by positive pair.</summary>
    public ReadOnlySpan<double> Values => _values.Span;

    /// <summary>Rank → index by positive pair.</summary>
    public ReadOnlySpan<int> Order => _order.Span;

    /// <summary>Gallery positions by bucket.</summary>
    public ReadOnlySpan<int> Found => _found.Span;

    /// <summary>Exact keys by bucket.</summary>
    public ReadOnlySpan<double> Keys => _keys.Span;

    /// <summary>Triplets with a gap ≤ 0 by anchor of the chunk.</summary>
    public ReadOnlySpan<long> Hard => _hard.Span;

    /// <summary>Triplets with a gap ≤ the margin by anchor of the chunk.</summary>
    public ReadOnlySpan<long> Violating => _violating.Span;

    /// <summary>Takes a chunk's place and makes room for its answers.</summary>
    public void Begin(int first, int count)
    {
        (First, Count) = (first, count);
        long pairs = session.Layout.PairOffsets[first + count] - session.Layout.PairOffsets[first];
        session.Grow(ref _values, pairs);
        session.Grow(ref _order, pairs);
        session.Grow(ref _found, pairs + (2L * count));
        session.Grow(ref _keys, pairs + (2L * count));
        session.Grow(ref _hard, count);
        session.Grow(ref _violating, count);
    }

    /// <summary>Copies the answers here, in the stream's order.</summary>
    public void Copy(Arguments.SemiHardArguments arguments)
    {
        ReadOnlySpan<long> offsets = session.Layout.PairOffsets;
        long firstPair = offsets[First];
        long pairs = offsets[First + Count] - firstPair;
        long buckets = pairs + (2L * Count);
        nint stream = session.Stream;
        driver.CopyToHost(_values.DangerousGetAddress(), arguments.Positives.Values + (nint)(firstPair * sizeof(double)), pairs * sizeof(double), stream);
        driver.CopyToHost(_order.DangerousGetAddress(), arguments.Positives.Order + (nint)(firstPair * sizeof(int)), pairs * sizeof(int), stream);
        driver.CopyToHost(_found.DangerousGetAddress(), arguments.Buckets.Found, buckets * sizeof(int), stream);
        driver.CopyToHost(_keys.DangerousGetAddress(), arguments.BucketKeys, buckets * sizeof(double), stream);
        if (arguments.Counts != 0)
        {
            driver.CopyToHost(_hard.DangerousGetAddress(), arguments.Hard + (nint)((long)First * sizeof(long)), (long)Count * sizeof(long), stream);
            driver.CopyToHost(_violating.DangerousGetAddress(), arguments.Violating + (nint)((long)First * sizeof(long)), (long)Count * sizeof(long), stream);
        }

        driver.Record(Copied, stream);
    }

    public void Dispose()
    {
        driver.DestroyEvent(Copied);
        _values.Dispose();
        _order.Dispose();
        _found.Dispose();
        _keys.Dispose();
        _hard.Dispose();
        _violating.Dispose();
    }
}
