using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>One worker's tables for one anchor at a time: see <see cref="SemiHardScan"/>.</summary>
/// <remarks>
/// Bins far finer than the buckets say how many keys lie surely below each threshold (a positive's distance, or that plus α), and which few keys are
/// to be looked at one by one: those in bins that a threshold's uncertainty touches, and those in the next bin above it that holds any. A key of
/// interest gets its exact rank among the thresholds, in float64 where the float32 key is too near one, and each rank's bucket keeps its nearest.
/// </remarks>
internal sealed unsafe class SemiHardWorker(CpuSession session) : IDisposable
{
    private const float NoLimit = float.MaxValue;
    private const int Quarter = KeyBins.Count / 4;

    // Twice the tolerance, and a little: the distance at which two float32 keys are surely in order.
    private const float NearTie = 2.002f;

    private readonly SortedPositives _positives = new();
    private readonly PinnedBuffer<int> _even = new(KeyBins.Count);
    private readonly PinnedBuffer<int> _odd = new(KeyBins.Count);
    private readonly PinnedBuffer<int> _totals = new(KeyBins.Count);
    private readonly PinnedBuffer<int> _before = new(KeyBins.Count);
    private readonly PinnedBuffer<ushort> _occupied = new(KeyBins.Count / 16);
    private readonly PinnedBuffer<ulong> _passing = new(KeyBins.Count / 64);
    private readonly ThresholdBins _thresholds = new();
    private readonly ThresholdBins _margins = new();
    private PinnedBuffer<float> _limits = new(0);
    private PinnedBuffer<float> _bestScores = new(0);
    private PinnedBuffer<double> _bestKeys = new(0);
    private PinnedBuffer<int> _best = new(0);
    private PinnedBuffer<RankedRow> _negatives = new(0);
    private SemiHardRequest _request;
    private KeyBins _bins;
    private KeyBins _shifted;
    private float _tolerance;
    private float _nearest;
    private int _anchor;
    private int _count;
    private int _firstQuarters;
    private int _secondQuarters;
    private int _thirdQuarters;
    private long _hard;
    private long _violating;

    // SAFETY: here and in all methods below, bins are clamped to the tables' length and ranks to the number of positives, for which Begin makes room;
    // no buffer is replaced between Begin and Finish.
    private int* BestOf => (int*)_best.DangerousGetAddress();

    private double* KeyOf => (double*)_bestKeys.DangerousGetAddress();

    private float* LimitOf => (float*)_limits.DangerousGetAddress();

    /// <summary>Takes an anchor and the float64 keys of its positives.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Begin(int anchor, double* positiveKeys, SemiHardRequest request)
    {
        (_anchor, _request) = (anchor, request);
        (_hard, _violating) = (0, 0);
        _tolerance = session.KeyTolerance(anchor);
        RowLayout layout = session.Layout;
        _positives.Load(session.Metric, positiveKeys, layout.ClassStarts[anchor], layout.ClassEnds[anchor], layout.SelfPositions[anchor], request.Margin);
        _count = _positives.Count;
        PinnedBuffer.Grow(ref _negatives, _count);
        PinnedBuffer.Grow(ref _limits, _count + 1);
        PinnedBuffer.Grow(ref _bestScores, _count + 1);
        PinnedBuffer.Grow(ref _bestKeys, _count + 1);
        PinnedBuffer.Grow(ref _best, _count + 1);
        _limits.Span[..(_count + 1)].Fill(NoLimit);
        _best.Span[..(_count + 1)].Fill(-1);
        PlaceBins();
        _thresholds.Place(_positives.Thresholds, _count, _tolerance, _bins);
        if (request.Count)
            _margins.Place(_positives.Thresholds + _count, _count, _tolerance, _bins);
    }

    /// <summary>Takes the negatives' keys.</summary>
    /// <param name="keys">A whole row of keys, those of no negative above <see cref="PackedPanels.LargestKey"/> or equal to it.</param>
    /// <param name="count">Number of keys, a multiple of the vector width.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(float* keys, int count)
    {
        IBlockFold fold = session.Kernel.Fold;
        fold.Histogram(keys, count, _bins, (int*)_even.DangerousGetAddress(), (int*)_odd.DangerousGetAddress(), out float smallest, out float smallestOfLast);
        MergeCounters();
        if (_request.Count)
        {
            SumBins();
            _hard += KeysBeforeAll(_thresholds);
            _violating += KeysBeforeAll(_margins);
        }

        bool wantsLast = WantNextBins();
        _passing.Span.Clear();
        _thresholds.AddPassing((ulong*)_passing.DangerousGetAddress());
        if (_request.Count)
            _margins.AddPassing((ulong*)_passing.DangerousGetAddress());

        _nearest = smallest + (NearTie * _tolerance);
        float scaledShift = _bins.Offset - _shifted.Offset;
        var filter = new KeyFilter((ulong*)_passing.DangerousGetAddress())
        {
            Limit = _nearest,
            LastBinStart = KeyBins.Last - scaledShift - 0.01f,
            LastBinLimit = wantsLast && smallestOfLast < PackedPanels.LargestKey ? smallestOfLast + (NearTie * _tolerance) : float.NegativeInfinity,
        };
        for (int start = 0; start < count; start += 64)
        {
            ulong passed = fold.Filter(keys + start, Math.Min(64, count - start), _shifted, in filter);
            for (; passed != 0; passed &= passed - 1)
            {
                int position = start + BitOperations.TrailingZeroCount(passed);
                Look(keys[position], position);
            }
        }
    }

    /// <summary>Ends an anchor: the nearest negative beyond every positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(RankedRow farthest, out SemiHardResult result)
    {
        ReadOnlySpan<int> rows = session.Layout.GalleryRows;
        int* best = BestOf;
        double* keys = KeyOf;
        for (int bucket = _count; bucket >= 0; bucket--)
        {
            if (best[bucket] >= 0)
                ExactBest(bucket);
            if (bucket == _count)
                continue;
            int next = best[bucket + 1];
            if (next >= 0 && (best[bucket] < 0 || IsBetter(keys[bucket + 1], next, keys[bucket], best[bucket], rows)))
                (best[bucket], keys[bucket]) = (next, keys[bucket + 1]);
        }

        // A positive looks beyond the last threshold that equals its own.
        Span<RankedRow> negatives = _negatives.Span[.._count];
        ReadOnlySpan<int> order = _positives.Order;
        RankedRow negative = Ranked(_count);
        for (int rank = _count - 1; rank >= 0; rank--)
        {
            if (rank + 1 < _count && _positives.Distance(rank) < _positives.Distance(rank + 1))
                negative = Ranked(rank + 1);
            negatives[order[rank]] = negative;
        }

        result = new SemiHardResult
        {
            Positives = _positives.Positions,
            PositiveDistances = _positives.Distances,
            Negatives = negatives,
            Nearest = Ranked(0),
            Farthest = farthest,
            Hard = _hard,
            Violating = _violating,
        };
    }

    public void Dispose()
    {
        _positives.Dispose();
        _even.Dispose();
        _odd.Dispose();
        _totals.Dispose();
        _before.Dispose();
        _occupied.Dispose();
        _passing.Dispose();
        _thresholds.Dispose();
        _margins.Dispose();
        _limits.Dispose();
        _bestScores.Dispose();
        _bestKeys.Dispose();
        _best.Dispose();
        _negatives.Dispose();
    }

    private static bool IsBetter(double key, int position, double bestKey, int best, ReadOnlySpan<int> rows) =>
        key < bestKey || (key == bestKey && rows[position] < rows[best]);

    private RankedRow Ranked(int bucket)
    {
        int position = BestOf[bucket];
        return position < 0 ? RankedRow.None : new RankedRow(position, MetricKey.ToValue(session.Metric, KeyOf[bucket]));
    }

    // Bin 0 lies below every threshold. A bin is never narrower than four times the distance of a near tie, so that a second set of bins, shifted
    // down by that distance, puts everything within it of a bin's keys into the same shifted bin or the one before.
    private void PlaceBins()
    {
        double first = _positives.Thresholds[0];
        double last = _request.Count ? _positives.Thresholds[(2 * _count) - 1] : _positives.Thresholds[_count - 1];
        double low = first - (2 * ThresholdBins.Slack(first, _tolerance));
        double high = last + (2 * ThresholdBins.Slack(last, _tolerance));
        double nearTie = NearTie * _tolerance;
        double scale = Math.Min((KeyBins.Count - 3) / (high - low), 0.25 / nearTie);
        if (!(scale < 1e30))
            scale = 0;
        float rounded = (float)scale;
        float offset = (float)(1 - (low * rounded));
        _bins = new KeyBins(rounded, offset);
        _shifted = new KeyBins(rounded, (float)(offset - (nearTie * rounded) - 0.05));
    }

    // Adds up the two sets of counters, clears them for the next anchor, and notes which bins hold a key.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MergeCounters()
    {
        int* even = (int*)_even.DangerousGetAddress();
        int* odd = (int*)_odd.DangerousGetAddress();
        int* totals = (int*)_totals.DangerousGetAddress();
        ushort* occupied = (ushort*)_occupied.DangerousGetAddress();
        for (int bin = 0; bin < KeyBins.Count; bin += 16)
        {
            Vector512<int> sum = Vector512.Load(even + bin) + Vector512.Load(odd + bin);
            sum.Store(totals + bin);
            Vector512<int>.Zero.Store(even + bin);
            Vector512<int>.Zero.Store(odd + bin);
            occupied[bin / 16] = (ushort)Vector512.GreaterThan(sum, Vector512<int>.Zero).ExtractMostSignificantBits();
        }
    }

    // The first bin from start on that holds a key; the last bin where none before it does.
    private int NextOccupied(int start)
    {
        ulong* occupied = (ulong*)_occupied.DangerousGetAddress();
        ulong bits = occupied[start >> 6] >> (start & 63);
        if (bits != 0)
            return Math.Min(start + BitOperations.TrailingZeroCount(bits), KeyBins.Last);
        for (int word = (start >> 6) + 1; word < KeyBins.Count / 64; word++)
        {
            if (occupied[word] != 0)
                return Math.Min((word * 64) + BitOperations.TrailingZeroCount(occupied[word]), KeyBins.Last);
        }

        return KeyBins.Last;
    }

    // How many keys lie in the bins before each; four chains, so that additions do not wait for each other.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumBins()
    {
        int* totals = (int*)_totals.DangerousGetAddress();
        int* before = (int*)_before.DangerousGetAddress();
        (int a, int b, int c, int d) = (0, 0, 0, 0);
        for (int i = 0; i < Quarter; i++)
        {
            before[i] = a;
            before[i + Quarter] = b;
            before[i + (2 * Quarter)] = c;
            before[i + (3 * Quarter)] = d;
            a += totals[i];
            b += totals[i + Quarter];
            c += totals[i + (2 * Quarter)];
            d += totals[i + (3 * Quarter)];
        }

        (_firstQuarters, _secondQuarters, _thirdQuarters) = (a, a + b, a + b + c);
    }

    // Pairs of a threshold and a key surely below it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long KeysBeforeAll(ThresholdBins thresholds)
    {
        int* before = (int*)_before.DangerousGetAddress();
        int* quarters = stackalloc int[4] { 0, _firstQuarters, _secondQuarters, _thirdQuarters };
        int* bins = thresholds.FirstBins;
        long sum = 0;
        for (int rank = 0; rank < _count; rank++)
            sum += before[bins[rank]] + quarters[bins[rank] / Quarter];
        return sum;
    }

    // Beyond each threshold's own bins, the next one that holds a key: the nearest farther negative is in one of them. Whether the last bin is such.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool WantNextBins()
    {
        int* lastBins = _thresholds.LastBins;
        bool wantsLast = false;
        for (int rank = 0; rank < _count; rank++)
        {
            // Where the next threshold begins no later, it looks from there.
            int next = NextOccupied(lastBins[rank] + 1);
            if (rank + 1 < _count && next > lastBins[rank + 1])
                continue;
            if (next == KeyBins.Last)
                wantsLast = true;
            else if (!_thresholds.IsWanted(next))
                _thresholds.Want(next, rank + 1);
        }

        return wantsLast;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Look(float key, int position)
    {
        // Where all real keys nearly coincide, one bin holds the row's holes too.
        if (key >= PackedPanels.LargestKey)
            return;
        int bin = _bins[key];
        double exact = double.NaN;
        if (_request.Count && _margins.IsWanted(bin))
            _violating += _margins.CountTouching(bin, RankAmongMargins(key, bin, position, ref exact));

        int bucket;
        if (bin == KeyBins.Last)
        {
            bucket = _count;
        }
        else if (_thresholds.IsWanted(bin))
        {
            bucket = Rank(key, _thresholds.LowestRank(bin), position, ref exact);
            if (_request.Count)
                _hard += _thresholds.CountTouching(bin, bucket);
        }
        else if (_shifted[key] is int shifted && _thresholds.IsWanted(shifted))
        {
            // Beyond a wanted bin, but perhaps within a near tie of a key in it.
            bucket = Rank(key, _thresholds.LowestRank(shifted), position, ref exact);
        }
        else if (key <= _nearest)
        {
            bucket = 0;
        }
        else
        {
            return;
        }

        if (key <= LimitOf[bucket])
            Improve(bucket, key, position);
    }

    // Within a near tie float64 decides; beyond it the key does.
    private void Improve(int bucket, float key, int position)
    {
        float* score = (float*)_bestScores.DangerousGetAddress() + bucket;
        if (BestOf[bucket] < 0 || key < *score - (NearTie * _tolerance))
        {
            KeyOf[bucket] = double.NaN;
        }
        else
        {
            double exactKey = session.ExactKey(_anchor, position);
            if (!IsBetter(exactKey, position, ExactBest(bucket), BestOf[bucket], session.Layout.GalleryRows))
                return;
            KeyOf[bucket] = exactKey;
        }

        BestOf[bucket] = position;
        *score = key;
        LimitOf[bucket] = key + (NearTie * _tolerance);
    }

    private double ExactBest(int bucket)
    {
        if (double.IsNaN(KeyOf[bucket]))
            KeyOf[bucket] = session.ExactKey(_anchor, BestOf[bucket]);
        return KeyOf[bucket];
    }

    // The number of positives nearer than a key, at least rank.
    private int Rank(float key, int rank, int position, ref double exact)
    {
        while (_thresholds.Rise(key, ref rank) && ExactDistance(position, ref exact) > _positives.Distance(rank))
            rank++;
        return rank;
    }

    private int RankAmongMargins(float key, int bin, int position, ref double exact)
    {
        int rank = _margins.LowestRank(bin);
        while (_margins.Rise(key, ref rank) && ExactDistance(position, ref exact) - _positives.Distance(rank) > _request.Margin)
            rank++;
        return rank;
    }

    private double ExactDistance(int position, ref double exact)
    {
        if (double.IsNaN(exact))
            exact = MetricKey.ToValue(session.Metric, session.ExactKey(_anchor, position));
        return exact;
    }
}
