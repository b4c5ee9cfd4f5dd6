using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
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
    private readonly PinnedBuffer<uint> _wanted = new(KeyBins.Count / 32);
    private readonly PinnedBuffer<uint> _passing = new(KeyBins.Count / 32);
    private readonly PinnedBuffer<ulong> _ranks = new(KeyBins.Count);
    private PinnedBuffer<int> _edges = new(0);
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
    private int* FirstBins => (int*)_edges.DangerousGetAddress();

    private int* LastBins => FirstBins + _count;

    private int* FirstMarginBins => FirstBins + (2 * _count);

    private int* BestOf => (int*)_best.DangerousGetAddress();

    private double* KeyOf => (double*)_bestKeys.DangerousGetAddress();

    private float* LimitOf => (float*)_limits.DangerousGetAddress();

    /// <summary>Takes an anchor's positives.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Begin(int anchor, int classStart, int classEnd, int self, SemiHardRequest request)
    {
        (_anchor, _request) = (anchor, request);
        (_hard, _violating) = (0, 0);
        _tolerance = session.KeyTolerance(anchor);
        _positives.Load(session, anchor, classStart, classEnd, self, request.Margin);
        _count = _positives.Count;
        PinnedBuffer.Grow(ref _edges, 3L * _count);
        PinnedBuffer.Grow(ref _negatives, _count);
        PinnedBuffer.Grow(ref _limits, _count + 1);
        PinnedBuffer.Grow(ref _bestScores, _count + 1);
        PinnedBuffer.Grow(ref _bestKeys, _count + 1);
        PinnedBuffer.Grow(ref _best, _count + 1);
        _limits.Span[..(_count + 1)].Fill(NoLimit);
        _best.Span[..(_count + 1)].Fill(-1);
        PlaceBins();
    }

    /// <summary>Takes the negatives' keys.</summary>
    /// <param name="keys">A whole row of keys, those of no negative above <see cref="PackedPanels.LargestKey"/> or equal to it.</param>
    /// <param name="count">Number of keys, a multiple of the vector width.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(float* keys, int count)
    {
        IBlockFold fold = session.Kernel.Fold;
        _even.Span.Clear();
        _odd.Span.Clear();
        fold.Histogram(keys, count, _bins, (int*)_even.DangerousGetAddress(), (int*)_odd.DangerousGetAddress(), out float smallest, out float smallestOfLast);
        TensorPrimitives.Add<int>(_even.Span, _odd.Span, _totals.Span);
        if (_request.Count)
            SumBins();
        WantThresholds();
        bool wantsLast = WantNextBins();

        _nearest = smallest + (NearTie * _tolerance);
        float scaledShift = _bins.Offset - _shifted.Offset;
        var filter = new KeyFilter((uint*)_passing.DangerousGetAddress())
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
        _wanted.Dispose();
        _passing.Dispose();
        _ranks.Dispose();
        _edges.Dispose();
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

    // A key this close to a threshold is not ranked in float32: the keys' tolerance and the rounding of the threshold itself.
    private double Slack(double threshold) => _tolerance + (1e-6 * threshold);

    // Bin 0 lies below every threshold. A bin is never narrower than four times the distance of a near tie, so that a second set of bins, shifted
    // down by that distance, puts everything within it of a bin's keys into the same shifted bin or the one before.
    private void PlaceBins()
    {
        double first = _positives.Threshold(0);
        double last = _request.Count ? _positives.MarginThreshold(_count - 1) : _positives.Threshold(_count - 1);
        double low = first - (2 * Slack(first));
        double high = last + (2 * Slack(last));
        double nearTie = NearTie * _tolerance;
        double scale = Math.Min((KeyBins.Count - 3) / (high - low), 0.25 / nearTie);
        if (!(scale < 1e30))
            scale = 0;
        float rounded = (float)scale;
        float offset = (float)(1 - (low * rounded));
        _bins = new KeyBins(rounded, offset);
        _shifted = new KeyBins(rounded, (float)(offset - (nearTie * rounded) - 0.05));
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

    private int KeysBefore(int bin) => ((int*)_before.DangerousGetAddress())[bin] + (bin / Quarter) switch
    {
        0 => 0,
        1 => _firstQuarters,
        2 => _secondQuarters,
        _ => _thirdQuarters,
    };

    // Both lists of thresholds ascend: one walk over both marks the bins that their uncertainty touches, and counts the keys surely below them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void WantThresholds()
    {
        _wanted.Span.Clear();
        _passing.Span.Clear();
        int marginCount = _request.Count ? _count : 0;
        int rank = 0;
        int marginRank = 0;
        int marked = -1;
        while (rank < _count || marginRank < marginCount)
        {
            bool isMargin = rank == _count || (marginRank < marginCount && _positives.MarginThreshold(marginRank) < _positives.Threshold(rank));
            double threshold = isMargin ? _positives.MarginThreshold(marginRank) : _positives.Threshold(rank);
            double slack = Slack(threshold);
            int first = _bins[(float)(threshold - slack)];
            int last = _bins[(float)(threshold + slack)];
            for (int bin = Math.Max(first, marked + 1); bin <= last; bin++)
                Want(bin, rank, marginRank);
            marked = Math.Max(marked, last);
            int below = _request.Count ? KeysBefore(first) : 0;
            if (isMargin)
            {
                _violating += below;
                FirstMarginBins[marginRank++] = first;
            }
            else
            {
                _hard += below;
                LastBins[rank] = last;
                FirstBins[rank++] = first;
            }
        }
    }

    // Beyond each threshold's own bins, the next one that holds a key: the nearest farther negative is in one of them. Whether the last bin is such.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool WantNextBins()
    {
        ReadOnlySpan<int> totals = _totals.Span;
        int end = KeyBins.Last;
        bool wantsLast = false;
        for (int rank = _count - 1; rank >= 0; rank--)
        {
            int start = LastBins[rank] + 1;
            if (start > end)
                continue;
            int next = totals[start..end].IndexOfAnyExcept(0);
            if (next >= 0 && !IsWanted(start + next))
                Want(start + next, rank + 1, _count);
            else if (next < 0 && rank == _count - 1)
                wantsLast = true;
            end = start;
        }

        return wantsLast;
    }

    private void Want(int bin, int rank, int marginRank)
    {
        uint* passing = (uint*)_passing.DangerousGetAddress();
        int before = Math.Max(bin - 1, 0);
        ((uint*)_wanted.DangerousGetAddress())[bin >> 5] |= 1u << (bin & 31);
        passing[bin >> 5] |= 1u << (bin & 31);
        passing[before >> 5] |= 1u << (before & 31);
        ((ulong*)_ranks.DangerousGetAddress())[bin] = (uint)rank | ((ulong)(uint)marginRank << 32);
    }

    private bool IsWanted(int bin) => ((((uint*)_wanted.DangerousGetAddress())[bin >> 5] >> (bin & 31)) & 1) != 0;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Look(float key, int position)
    {
        int bin = _bins[key];
        int bucket;
        if (bin == KeyBins.Last)
        {
            bucket = _count;
        }
        else if (IsWanted(bin))
        {
            ulong ranks = ((ulong*)_ranks.DangerousGetAddress())[bin];
            double exact = double.NaN;
            bucket = Rank(key, bin, (int)(uint)ranks, margin: false, position, ref exact, out int unsure);
            if (_request.Count)
            {
                _hard += unsure - bucket;
                int marginRank = Rank(key, bin, (int)(ranks >> 32), margin: true, position, ref exact, out unsure);
                _violating += unsure - marginRank;
            }
        }
        else if (_shifted[key] is int shifted && IsWanted(shifted))
        {
            // Beyond a wanted bin, but perhaps within a near tie of a key in it.
            double exact = double.NaN;
            bucket = Rank(key, bin, (int)(uint)((ulong*)_ranks.DangerousGetAddress())[shifted], margin: false, position, ref exact, out _);
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

    // The number of thresholds below a key, at least rank; unsure is the number of thresholds whose own bins begin at or before the key's.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Rank(float key, int bin, int rank, bool margin, int position, ref double exact, out int unsure)
    {
        int* firstBins = margin ? FirstMarginBins : FirstBins;
        int count = _count;
        for (; rank < count && firstBins[rank] <= bin; rank++)
        {
            double threshold = margin ? _positives.MarginThreshold(rank) : _positives.Threshold(rank);
            double slack = Slack(threshold);
            if (key < threshold - slack)
                break;
            if (key > threshold + slack)
                continue;
            if (double.IsNaN(exact))
                exact = MetricKey.ToValue(session.Metric, session.ExactKey(_anchor, position));
            if (!(exact - _positives.Distance(rank) > (margin ? _request.Margin : 0)))
                break;
        }

        for (unsure = rank; unsure < count && firstBins[unsure] <= bin;)
            unsure++;
        return rank;
    }
}
