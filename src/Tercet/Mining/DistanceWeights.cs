using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>
/// The draw of Wu et al. 2017: negatives of one anchor with weight 1/q(u), where <c>q(u) ∝ u^(D−2) · (1 − u²/4)^((D−3)/2)</c> is the density of the distance u
/// between two random points of the unit sphere; u is cut off below, and negatives at or beyond a limit are left out.
/// </summary>
internal sealed class DistanceWeights : IDisposable
{
    private PinnedBuffer<double> _cumulative = new(0);
    private PinnedBuffer<int> _positions = new(0);
    private int _count;

    /// <summary>Takes one anchor's negatives.</summary>
    public void Load(IMiningKernels kernels, RowLayout layout, MiningOptions options, int depth, int anchor, ReadOnlySpan<float> keys)
    {
        PinnedBuffer.Grow(ref _cumulative, keys.Length);
        PinnedBuffer.Grow(ref _positions, keys.Length);
        Span<double> weights = _cumulative.Span;
        Span<int> positions = _positions.Span;
        int start = layout.ClassStarts[anchor];
        int end = layout.ClassEnds[anchor];
        float tolerance = kernels.KeyTolerance(anchor);
        double keyPerSquare = options.Metric == DistanceMetric.Cosine ? 0.5 : 1;
        double limit = keyPerSquare * options.DistanceWeightedLimit * options.DistanceWeightedLimit;
        double largest = double.NegativeInfinity;
        _count = 0;
        for (int position = 0; position < keys.Length; position++)
        {
            if (position == start)
            {
                position = end;
                if (position >= keys.Length)
                    break;
            }

            double key = keys[position];
            if (Math.Abs(key - limit) <= tolerance)
                key = kernels.ExactKey(anchor, position);
            if (key >= limit)
                continue;
            double u = Math.Max(options.DistanceWeightedCutoff, Math.Sqrt(Math.Max(key, 0) / keyPerSquare));
            double logWeight = -((depth - 2) * Math.Log(u)) - (0.5 * (depth - 3) * Math.Log(1 - (0.25 * u * u)));
            weights[_count] = logWeight;
            positions[_count++] = position;
            largest = Math.Max(largest, logWeight);
        }

        double sum = 0;
        for (int i = 0; i < _count; i++)
        {
            sum += Math.Exp(weights[i] - largest);
            weights[i] = sum;
        }
    }

    /// <summary>The gallery position that a uniform number in [0, 1) draws; −1 where there is no candidate.</summary>
    public int Draw(double unit)
    {
        if (_count == 0)
            return -1;
        ReadOnlySpan<double> cumulative = _cumulative.Span[.._count];
        int index = cumulative.BinarySearch(unit * cumulative[^1]);

        // An exact hit belongs to the next interval: the intervals are closed below.
        index = index < 0 ? ~index : index + 1;
        return _positions.Span[Math.Min(index, _count - 1)];
    }

    public void Dispose()
    {
        _cumulative.Dispose();
        _positions.Dispose();
    }
}
