using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Finds, for every threshold of an anchor at once, the smallest of its kept keys beyond it. Every key is ranked among the thresholds, of each rank the two smallest keys are
/// kept, and from the last threshold down they are the smallest beyond the next. One worker's.
/// </summary>
internal sealed unsafe class NearestBeyond(IBlockFold fold) : IDisposable
{
    /// <summary>Found where nothing is beyond, or another key is as near, or one as near the threshold.</summary>
    public const int Unsure = -1;

    // A float32 key leaves this many bits of a float64 free: they hold the key's index, and a comparison carries it along.
    private const int IndexBits = 29;
    private const long IndexMask = (1L << IndexBits) - 1;

    // Below what stands for no key.
    private const float Largest = 3.4028233e38f;

    // Up to here a rank is counted, which takes no branch that could be mispredicted.
    private const int LargestCounted = 128;

    private PinnedBuffer<int> _order = new(0);
    private PinnedBuffer<float> _lows = new(0);
    private PinnedBuffer<float> _tables = new(0);
    private PinnedBuffer<int> _ranks = new(0);
    private PinnedBuffer<double> _packed = new(0);
    private PinnedBuffer<double> _smallest = new(0);
    private PinnedBuffer<float> _sorted = new(0);

    /// <summary>Finds them.</summary>
    /// <param name="keys">The keys, none a NaN; behind them, up to whole vectors, the largest float.</param>
    /// <param name="count">Number of keys.</param>
    /// <param name="edges">The thresholds.</param>
    /// <param name="nearTie">The distance within which two keys are not surely in order.</param>
    /// <param name="found">Receives for each threshold, and then for none at all, the index of the key; or <see cref="Unsure"/>.</param>
    /// <param name="limits">Receives the key above which none needs to be looked at.</param>
    // SAFETY: the buffers are grown to what is used of them; ranks are at most the number of thresholds, and found and limits have one place more.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Find(float* keys, int count, ThresholdEdges edges, float nearTie, int* found, float* limits)
    {
        int thresholds = edges.Count;
        int padded = (count + 15) & ~15;
        Sort(edges);
        PinnedBuffer.Grow(ref _ranks, padded);
        PinnedBuffer.Grow(ref _packed, padded);
        PinnedBuffer.Grow(ref _smallest, 2L * (thresholds + 1));
        int* order = (int*)_order.DangerousGetAddress();
        int* ranks = (int*)_ranks.DangerousGetAddress();
        float* lows = (float*)_lows.DangerousGetAddress();
        double* packed = (double*)_packed.DangerousGetAddress();
        double* smallest = (double*)_smallest.DangerousGetAddress();
        fold.Rank(keys, padded, (float*)_tables.DangerousGetAddress(), RankTable.LengthFor(thresholds), ranks);
        Pack(keys, padded, packed);
        new Span<double>(smallest, 2 * (thresholds + 1)).Fill(double.MaxValue);
        new Span<int>(found, thresholds + 1).Clear();
        TakeSmallest(packed, keys, ranks, count, smallest, lows, order, found);
        TakeBeyond(smallest, order, thresholds, nearTie, found, limits);
    }

    public void Dispose()
    {
        _order.Dispose();
        _lows.Dispose();
        _tables.Dispose();
        _ranks.Dispose();
        _packed.Dispose();
        _smallest.Dispose();
        _sorted.Dispose();
    }

    // The two smallest of every rank. A key that is not above a threshold may be as near to it as its lower edge.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void TakeSmallest(double* packed, float* keys, int* ranks, int count, double* smallest, float* lows, int* order, int* found)
    {
        for (nint i = 0; i < count; i++)
        {
            nint rank = ranks[i];
            double* two = smallest + (2 * rank);
            double first = two[0];
            two[0] = double.MinNative(first, packed[i]);
            two[1] = double.MinNative(two[1], double.MaxNative(first, packed[i]));
            for (; keys[i] >= lows[rank]; rank++)
                found[order[rank + 1]] = Unsure;
        }
    }

    // From the last threshold down: what is beyond one is what is beyond the next, and the keys between them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void TakeBeyond(double* smallest, int* order, int thresholds, float nearTie, int* found, float* limits)
    {
        double nearest = double.MaxValue, second = double.MaxValue;
        for (int rank = thresholds; rank >= 0; rank--)
        {
            double first = smallest[2 * rank];
            second = double.MinNative(double.MinNative(second, smallest[(2 * rank) + 1]), double.MaxNative(nearest, first));
            nearest = double.MinNative(nearest, first);
            int threshold = order[rank];
            float limit = float.MinNative((float)nearest + nearTie, Largest);
            bool isSure = nearest < double.MaxValue & found[threshold] != Unsure & (float)second > limit;
            found[threshold] = isSure ? (int)(BitConverter.DoubleToInt64Bits(nearest) & IndexMask) : Unsure;
            limits[threshold] = limit;
        }
    }

    private static void Pack(float* keys, int count, double* packed)
    {
        Vector512<long> index = Vector512.Create(0L, 1, 2, 3, 4, 5, 6, 7), eight = Vector512.Create(8L);
        for (int i = 0; i < count; i += 16)
        {
            (Vector512<double> lower, Vector512<double> upper) = Vector512.Widen(Vector512.Load(keys + i));
            (lower.AsInt64() | index).AsDouble().Store(packed + i);
            index += eight;
            (upper.AsInt64() | index).AsDouble().Store(packed + i + 8);
            index += eight;
        }
    }

    // Puts the thresholds in order: order[r + 1] is the one of rank r, and order[0] stands for none.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sort(ThresholdEdges edges)
    {
        int count = edges.Count;
        int length = RankTable.LengthFor(count);
        PinnedBuffer.Grow(ref _order, count + 1);
        PinnedBuffer.Grow(ref _lows, count + 1);
        PinnedBuffer.Grow(ref _tables, length);
        PinnedBuffer.Grow(ref _ranks, edges.PaddedCount);
        int* order = (int*)_order.DangerousGetAddress();
        float* lows = (float*)_lows.DangerousGetAddress();
        float* tables = (float*)_tables.DangerousGetAddress();
        if (count <= LargestCounted)
            RankByCounting(edges.Highs, count, (int*)_ranks.DangerousGetAddress(), order + 1);
        else
            RankBySorting(edges.Highs, count, order + 1);
        order[0] = count;
        new Span<float>(tables, length).Fill(float.MaxValue);
        float low = lows[count] = float.PositiveInfinity;
        for (int rank = count - 1; rank >= 0; rank--)
        {
            int threshold = order[rank + 1];
            tables[RankTable.PlaceOf(rank)] = edges.Highs[threshold];

            // Two thresholds that round to one float may stand in the wrong order.
            lows[rank] = low = float.MinNative(edges.Lows[threshold], low);
        }
    }

    // A value's rank is the number of values below it, and of equal ones before it. SAFETY: whole vectors of values can be read, and as many ranks written.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RankByCounting(float* values, int count, int* ranks, int* order)
    {
        for (int first = 0; first < count; first += 16)
        {
            Vector512<float> own = Vector512.Load(values + first);
            Vector512<int> rank = Vector512<int>.Zero;
            int end = Math.Min(count, first + 16);
            for (int i = 0; i < first; i++)
                rank -= Vector512.LessThanOrEqual(Vector512.Create(values[i]), own).AsInt32();
            for (int i = first; i < end; i++)
            {
                Vector512<float> value = Vector512.Create(values[i]);
                Vector512<int> isBefore = Vector512.GreaterThan(WideVectors.Indices, Vector512.Create(i - first));
                rank -= Vector512.LessThan(value, own).AsInt32() | (Vector512.Equals(value, own).AsInt32() & isBefore);
            }

            for (int i = end; i < count; i++)
                rank -= Vector512.LessThan(Vector512.Create(values[i]), own).AsInt32();
            rank.Store(ranks + first);
        }

        for (int i = 0; i < count; i++)
            order[ranks[i]] = i;
    }

    private void RankBySorting(float* values, int count, int* order)
    {
        PinnedBuffer.Grow(ref _sorted, count);
        Span<float> sorted = _sorted.Span[..count];
        Span<int> indices = new(order, count);
        new ReadOnlySpan<float>(values, count).CopyTo(sorted);
        for (int i = 0; i < count; i++)
            indices[i] = i;
        sorted.Sort(indices);
    }
}
