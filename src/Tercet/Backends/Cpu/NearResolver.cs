using System.Numerics;
using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Finds an anchor's negatives among the keys that <see cref="NearPass"/> kept; where two keys, or a key and a threshold, are too near for float32, float64
/// decides. One worker's.
/// </summary>
internal sealed unsafe class NearResolver(CpuSession session) : IDisposable
{
    private const int Nobody = -2;

    // What stands for a key that is not evaluated yet.
    private static readonly ulong Unknown = BitConverter.DoubleToUInt64Bits(double.NaN);


    private readonly AnchorKeys _exactKeys = new(session);
    private readonly ThresholdEdges _edges = new();
    private readonly NearestBeyond _nearest = new(session.Kernel.Fold);
    private PinnedBuffer<int> _found = new(0);
    private PinnedBuffer<int> _distinct = new(0);
    private PinnedBuffer<float> _limits = new(0);
    private PinnedBuffer<int> _positives = new(0);
    private PinnedBuffer<double> _exact = new(0);
    private PinnedBuffer<RankedRow> _negatives = new(0);
    private float* _keys;
    private int* _positions;
    private int _count;
    private float _nearTie;

    /// <summary>Finds the nearest negative beyond every positive, and the nearest of all.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="distances">Its positives' distances, as <see cref="PositiveDistances.Of"/> gives them.</param>
    /// <param name="tolerance">A bound on the error of its keys.</param>
    /// <param name="window">Its window.</param>
    /// <param name="keys">The kept keys; room for a vector more.</param>
    /// <param name="positions">Their positions.</param>
    /// <param name="result">What was found; it lives until the next call.</param>
    // SAFETY: both lists hold as many elements as the window counts, and every buffer as many as it is grown to here; an index found is one of a kept key.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Resolve(int anchor, ReadOnlySpan<double> distances, float tolerance, AnchorWindow* window, float* keys, int* positions, out SemiHardResult result)
    {
        ThresholdEdges edges = _edges;
        edges.Load(session.Metric, distances, tolerance);
        int count = window->Count;
        _keys = keys;
        _positions = positions;
        (_count, _nearTie) = (count, window->NearTie);
        int thresholds = distances.Length;
        int padded = (count + 15) & ~15;
        PinnedBuffer.Grow(ref _found, thresholds + 1);
        PinnedBuffer.Grow(ref _limits, thresholds + 1);
        PinnedBuffer.Grow(ref _distinct, thresholds + 2);
        PinnedBuffer.Grow(ref _exact, padded + 1);
        PinnedBuffer.Grow(ref _negatives, thresholds + 1);
        int* found = (int*)_found.DangerousGetAddress();
        float* limits = (float*)_limits.DangerousGetAddress();
        double* exact = (double*)_exact.DangerousGetAddress();
        new Span<float>(keys + count, padded - count).Fill(float.MaxValue);
        new Span<double>(exact, count).Fill(double.NaN);
        exact[count] = 0;
        _exactKeys.Load(anchor);

        // The nearest of all is the nearest beyond a threshold below them all.
        edges.Lows[thresholds] = edges.Highs[thresholds] = float.NegativeInfinity;
        _nearest.Find(keys, count, edges, _nearTie, found, limits);
        for (int i = 0; i <= thresholds; i++)
        {
            if (found[i] == NearestBeyond.Unsure)
                found[i] = Decide(edges.Lows[i], edges.Highs[i], limits[i], i < thresholds ? distances[i] : double.NegativeInfinity);
        }

        EvaluateFound(found, thresholds + 1);
        RankedRow* negatives = (RankedRow*)_negatives.DangerousGetAddress();
        DistanceMetric metric = session.Metric;
        for (int i = 0; i <= thresholds; i++)
            negatives[i] = found[i] < 0 ? RankedRow.None : new RankedRow(positions[found[i]], MetricKey.ToValue(metric, exact[found[i]]));
        result = new SemiHardResult
        {
            Positives = Positives(anchor),
            PositiveDistances = distances,
            Negatives = _negatives.Span[..thresholds],
            Nearest = negatives[thresholds],
            Farthest = RankedRow.None,
        };
    }

    public void Dispose()
    {
        _exactKeys.Dispose();
        _edges.Dispose();
        _nearest.Dispose();
        _distinct.Dispose();
        _limits.Dispose();
        _found.Dispose();
        _positives.Dispose();
        _exact.Dispose();
        _negatives.Dispose();
    }

    // One row after the other, so that the sums of several are under way at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EvaluateFound(int* found, int count)
    {
        double* exact = (double*)_exact.DangerousGetAddress();
        int* distinct = (int*)_distinct.DangerousGetAddress();
        int open = 0;
        for (int i = 0; i < count; i++)
        {
            // Whether a key is found for the first time cannot be foreseen: no branch depends on it.
            int near = found[i] == Nobody ? _count : found[i];
            ulong known = ((ulong*)exact)[near];
            int isOpen = known == Unknown ? 1 : 0;
            distinct[open] = near;
            open += isOpen;
            ((ulong*)exact)[near] = known & (ulong)(isOpen - 1L);
        }

        // A row lies anywhere in memory: it is asked for while the one before it is summed.
        for (int i = 0; i < open; i++)
        {
            if (i + 1 < open)
                Ahead.Rows(session.GalleryRow(_positions[distinct[i + 1]]), 0, session.Gallery.Depth, 1);
            exact[distinct[i]] = _exactKeys[_positions[distinct[i]]];
        }
    }

    // The rows of the anchor's label but itself.
    private ReadOnlySpan<int> Positives(int anchor)
    {
        RowLayout layout = session.Layout;
        int start = layout.ClassStarts[anchor], self = layout.SelfPositions[anchor], count = layout.PositiveCount(anchor);
        PinnedBuffer.Grow(ref _positives, count);
        int* positives = (int*)_positives.DangerousGetAddress();
        for (int i = 0; i < count; i++)
            positives[i] = start + i + (start + i >= self && self >= 0 ? 1 : 0);
        return _positives.Span[..count];
    }

    // The nearest key that is farther than a distance, ties to the lowest row, among those up to a limit.
    private int Decide(float low, float high, float limit, double distance)
    {
        IBlockFold fold = session.Kernel.Fold;
        ReadOnlySpan<int> rows = session.Layout.GalleryRows;
        int best = Nobody;
        for (int start = 0; (start = fold.NextWithin(_keys, low, limit, start, _count, out uint hits)) < _count; start += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
            {
                int i = start + BitOperations.TrailingZeroCount(hits);
                float key = _keys[i];
                if (i >= _count || key > limit || (key <= high && DistanceOf(i) <= distance))
                    continue;
                if (best >= 0 && key >= _keys[best] - _nearTie && !IsBefore(i, best, rows))
                    continue;
                best = i;
                limit = key + _nearTie;
            }
        }

        return best;
    }

    private bool IsBefore(int i, int best, ReadOnlySpan<int> rows)
    {
        double key = ExactKey(i), bestKey = ExactKey(best);
        return key < bestKey || (key == bestKey && rows[_positions[i]] < rows[_positions[best]]);
    }

    private double DistanceOf(int near) => MetricKey.ToValue(session.Metric, ExactKey(near));

    private double ExactKey(int near)
    {
        double* exact = (double*)_exact.DangerousGetAddress() + near;
        if (double.IsNaN(*exact))
            *exact = _exactKeys[_positions[near]];
        return *exact;
    }
}
