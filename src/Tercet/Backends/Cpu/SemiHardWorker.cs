using System.Numerics;
using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>One worker's tables for one anchor, with its whole row of keys, at a time: see <see cref="SemiHardScan"/>.</summary>
/// <remarks>
/// Bins far finer than the distances between thresholds (a positive's distance, or that plus α) are counted over a part of the row: the next bin
/// beyond a threshold that holds a key ends the window in which the nearest farther negative must be. All keys in windows are picked out at once, and a
/// threshold walks over the few beyond it. Float64 decides where a key is too near a threshold or another key. Where triplets are counted, all of the row is:
/// bins before those that a threshold touches lie surely below it, and the keys in those are compared one by one.
/// </remarks>
internal sealed unsafe class SemiHardWorker(CpuSession session) : IDisposable
{
    // Keys that are counted to place the windows: more make them narrower.
    private const int SampledKeys = 384;
    private const int None = -1;

    private readonly AnchorKeys _exactKeys = new(session);
    private readonly SortedPositives _positives = new();
    private readonly KeyHistogram _histogram = new();
    private readonly NearKeys _near = new();
    private readonly ThresholdBins _thresholds = new();
    private readonly ThresholdBins _margins = new();
    private readonly PinnedBuffer<ulong> _wanted = new(KeyBins.Count / 64);
    private PinnedBuffer<int> _byRank = new(0);
    private PinnedBuffer<RankedRow> _negatives = new(0);
    private PinnedBuffer<float> _rows = new(0);
    private SemiHardRequest _request;
    private KeyBins _bins;
    private RankedRow _nearest;
    private float _nearTie;
    private double _tolerance;
    private int _anchor;
    private int _count;
    private long _hard;
    private long _violating;

    /// <summary>Room for rows of keys.</summary>
    public float* Rows(int count)
    {
        PinnedBuffer.Grow(ref _rows, count + PackedPanels.RowPadding);
        return (float*)_rows.DangerousGetAddress();
    }

    /// <summary>Takes an anchor, its positives' distances, and a bound on the error of the float32 keys to come.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Begin(int anchor, ReadOnlySpan<double> distances, float tolerance, SemiHardRequest request)
    {
        (_anchor, _request) = (anchor, request);
        (_hard, _violating) = (0, 0);
        _tolerance = tolerance;
        _nearTie = (float)(KeyBins.NearTie * _tolerance);
        RowLayout layout = session.Layout;
        _positives.Load(session.Metric, distances, layout.ClassStarts[anchor], layout.ClassEnds[anchor], layout.SelfPositions[anchor], request.Margin);
        _count = _positives.Count;
        PinnedBuffer.Grow(ref _negatives, _count);
        PinnedBuffer.Grow(ref _byRank, _count);
        _exactKeys.Load(anchor);
        _bins = KeyBins.Between(_positives.Thresholds[0], _positives.Thresholds[(request.Count ? 2 * _count : _count) - 1], tolerance);
        _thresholds.Place(_positives.Thresholds, _count, _tolerance, _bins);
        if (request.Count)
            _margins.Place(_positives.Thresholds + _count, _count, _tolerance, _bins);
    }

    /// <summary>Takes the negatives' keys.</summary>
    /// <param name="keys">A whole row of keys, those of no negative at <see cref="PackedPanels.LargestKey"/> or above.</param>
    /// <param name="count">Number of keys, a multiple of the vector width.</param>
    // SAFETY: the row holds count keys; room is made for as many near ones.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(float* keys, int count)
    {
        IBlockFold fold = session.Kernel.Fold;
        _histogram.Count(fold, keys, _request.Count ? count : Math.Min(count, SampledKeys), _bins);
        ulong* wanted = (ulong*)_wanted.DangerousGetAddress();
        float largeLimit = WantWindows(wanted);
        if (_request.Count)
            _margins.Mark(wanted);

        _near.Reserve(count + _count);
        var filter = new KeyFilter(wanted) { SmallLimit = _histogram.Smallest + _nearTie, LargeLimit = largeLimit };
        _near.Chain(fold.SelectWithin(keys, count, _bins, in filter, _near.Keys, _near.Positions), _bins);
        if (_request.Count)
        {
            _histogram.Accumulate();
            _hard = _histogram.KeysBeforeAll(_thresholds) + CountTouching(_thresholds, 0);
            _violating = _histogram.KeysBeforeAll(_margins) + CountTouching(_margins, _request.Margin);
        }

        _nearest = Evaluate(Walk(0, float.NegativeInfinity, float.NegativeInfinity, double.NegativeInfinity));
        FindNegatives(keys, count);
    }

    /// <summary>Ends an anchor: the nearest negative beyond every positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(RankedRow farthest, out SemiHardResult result)
    {
        Span<RankedRow> negatives = _negatives.Span[.._count];
        ReadOnlySpan<int> byRank = _byRank.Span[.._count];
        ReadOnlySpan<int> order = _positives.Order;
        int last = None;
        RankedRow negative = RankedRow.None;
        for (int rank = 0; rank < byRank.Length; rank++)
        {
            if (byRank[rank] != last)
                negative = Evaluate(last = byRank[rank]);
            negatives[order[rank]] = negative;
        }

        result = new SemiHardResult
        {
            Positives = _positives.Positions,
            PositiveDistances = _positives.Distances,
            Negatives = negatives,
            Nearest = _nearest,
            Farthest = farthest,
            Hard = _hard,
            Violating = _violating,
        };
    }

    public void Dispose()
    {
        _positives.Dispose();
        _histogram.Dispose();
        _near.Dispose();
        _thresholds.Dispose();
        _margins.Dispose();
        _wanted.Dispose();
        _byRank.Dispose();
        _exactKeys.Dispose();
        _negatives.Dispose();
        _rows.Dispose();
    }

    private static bool IsBetter(double key, int position, double bestKey, int best, ReadOnlySpan<int> rows) =>
        key < bestKey || (key == bestKey && rows[position] < rows[best]);

    // A threshold's window: the bins it touches, and those beyond up to the first that is known to hold a key. Where that is the last bin, its smallest keys will do.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private float WantWindows(ulong* wanted)
    {
        new Span<ulong>(wanted, KeyBins.Count / 64).Clear();
        int* first = _thresholds.FirstBins;
        int* last = _thresholds.LastBins;
        int end = -1;
        for (int rank = 0; rank < _count; rank++)
        {
            int start = Math.Max(first[rank], end + 1);
            end = Math.Max(end, _histogram.NextOccupied(last[rank] + 1));
            for (; start <= end; start = (start | 63) + 1)
                wanted[start >> 6] |= (ulong.MaxValue << (start & 63)) & (ulong.MaxValue >> (63 - Math.Min(end - (start & ~63), 63)));
        }

        float known = _histogram.SmallestOfLast;
        return end < KeyBins.Last || known >= PackedPanels.LargestKey ? MathF.BitDecrement(PackedPanels.LargestKey) : known + _nearTie;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FindNegatives(float* keys, int count)
    {
        float* low = _thresholds.Lows;
        float* high = _thresholds.Highs;
        int* byRank = (int*)_byRank.DangerousGetAddress();
        int negative = None;
        for (int rank = 0; rank < _count; rank++)
        {
            // The one before serves as long as it is farther than this threshold too: none nearer is.
            double distance = _positives.Distance(rank);
            bool serves = rank > 0 && (negative == None || _near.Keys[negative] > high[rank] || DistanceOf(negative) > distance);
            if (!serves)
            {
                negative = Walk(_bins.Fine(low[rank]), low[rank], high[rank], distance);
                if (negative != None)
                {
                    negative = AmongNearTies(keys, count, negative);
                    Ahead.Rows(session.GalleryRow(_near.Positions[negative]), 0, session.Gallery.Depth, 1);
                }
            }

            byRank[rank] = negative;
        }
    }

    // The nearest of the near keys that is farther than a threshold: an index, or None.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Walk(int fine, float low, float high, double distance)
    {
        int* heads = _near.Heads;
        int* next = _near.Next;
        float* keys = _near.Keys;
        int best = None;
        float limit = float.PositiveInfinity;
        int end = int.MaxValue;
        for (fine = NearKeys.NextOccupied(heads, fine); fine <= end && !NearKeys.IsEnd(fine); fine = NearKeys.NextOccupied(heads, fine + 1))
        {
            for (int i = heads[fine] - 1; i >= 0; i = next[i] - 1)
            {
                float key = keys[i];
                if (key < low || key > limit)
                    continue;
                if (key <= high && DistanceOf(i) <= distance)
                    continue;
                if (best != None && key >= keys[best] - _nearTie
                    && !IsBetter(ExactKey(i), _near.Positions[i], ExactKey(best), _near.Positions[best], session.Layout.GalleryRows))
                {
                    continue;
                }

                best = i;
                limit = key + _nearTie;
            }

            if (best != None)
                end = _bins.Fine(limit);
        }

        return best;
    }

    // Keys that tie with one at the upper edge of its window may lie beyond it.
    private int AmongNearTies(float* keys, int count, int negative)
    {
        float key = _near.Keys[negative];
        int bin = _bins[key + _nearTie];
        ulong bits = ((ulong*)_wanted.DangerousGetAddress())[bin >> 6] >> (bin & 63);
        if ((bits & 1) != 0)
            return negative;
        IBlockFold fold = session.Kernel.Fold;
        ReadOnlySpan<int> rows = session.Layout.GalleryRows;
        for (int start = 0; (start = fold.NextWithin(keys, key, key + _nearTie, start, count, out uint hits)) < count; start += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
            {
                int position = start + BitOperations.TrailingZeroCount(hits);
                double exact = _exactKeys[position];
                if (IsBetter(exact, position, ExactKey(negative), _near.Positions[negative], rows))
                    negative = _near.Add(keys[position], position, exact);
            }
        }

        return negative;
    }

    // Of the keys in the bins that each threshold touches, those not farther than it, in float64 where the key is too near.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private long CountTouching(ThresholdBins thresholds, double margin)
    {
        int* heads = _near.Heads;
        int* next = _near.Next;
        float* keys = _near.Keys;
        float* low = thresholds.Lows;
        float* high = thresholds.Highs;
        long count = 0;
        for (int rank = 0; rank < _count; rank++)
        {
            int end = (thresholds.LastBins[rank] + 1) * KeyBins.Parts;
            for (int fine = thresholds.FirstBins[rank] * KeyBins.Parts; fine < end; fine++)
            {
                for (int i = heads[fine] - 1; i >= 0; i = next[i] - 1)
                {
                    if (keys[i] < low[rank] || (keys[i] <= high[rank] && DistanceOf(i) - _positives.Distance(rank) <= margin))
                        count++;
                }
            }
        }

        return count;
    }

    private RankedRow Evaluate(int near) => near == None ? RankedRow.None : new RankedRow(_near.Positions[near], DistanceOf(near));

    private double DistanceOf(int near) => MetricKey.ToValue(session.Metric, ExactKey(near));

    private double ExactKey(int near)
    {
        double* exact = _near.Exact + near;
        if (double.IsNaN(*exact))
            *exact = _exactKeys[_near.Positions[near]];
        return *exact;
    }
}
