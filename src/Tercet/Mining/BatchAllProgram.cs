using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>
/// The triplet loss over all valid triplets without listing them. With an anchor's thresholds t + α (t its positives' distances) in ascending
/// order, the positives that a negative at distance d violates are those with t + α &gt; d: a suffix, whose sum is known. The first scan takes
/// the loss and each pair's number of violating negatives; the second, for the gradient, adds up each pair's weight from both of its ends, so
/// that every row's gradient is one weighted sum of rows.
/// </summary>
internal sealed class BatchAllProgram : IMiningProgram, IKeyRowConsumer, IDisposable
{
    // Below this many tolerances the relative error of a float32 key is worth a float64 evaluation.
    private const float SmallKeyFactor = 1024;

    private AnchorScratch[] _scratches = [];
    private PinnedBuffer<double> _thresholds = new(0);
    private PinnedBuffer<double> _suffixSums = new(0);
    private PinnedBuffer<int> _violations = new(0);
    private PinnedBuffer<double> _losses = new(0);
    private PinnedBuffer<long> _terms = new(0);
    private PinnedBuffer<float> _gradient = new(0);
    private PinnedBuffer<double> _sums = new(0);
    private PinnedBuffer<double> _norms = new(0);
    private RowLayout _layout = null!;
    private MiningOptions _options = null!;
    private int _depth;
    private bool _wantsGradient;
    private bool _isSecondScan;

    /// <summary>Sum of the terms.</summary>
    public double Loss { get; private set; }

    /// <summary>Number of terms above zero.</summary>
    public long NonZeroTerms { get; private set; }

    /// <summary>Sets the program up for one call. The layout must be the symmetric one.</summary>
    public void Prepare(RowLayout layout, MiningOptions options, int depth, bool wantsGradient)
    {
        (_layout, _options, _depth, _wantsGradient) = (layout, options, depth, wantsGradient);
        PinnedBuffer.Grow(ref _thresholds, layout.PairCount);
        PinnedBuffer.Grow(ref _suffixSums, layout.PairCount);
        PinnedBuffer.Grow(ref _violations, layout.PairCount);
        PinnedBuffer.Grow(ref _losses, layout.AnchorCount);
        PinnedBuffer.Grow(ref _terms, layout.AnchorCount);
        if (wantsGradient)
            PinnedBuffer.Grow(ref _gradient, (long)layout.GalleryCount * depth);
    }

    /// <inheritdoc/>
    public void Run(IMiningKernels kernels)
    {
        AnchorScratch.Prepare(ref _scratches, kernels.Workers);
        PinnedBuffer.Grow(ref _sums, (long)kernels.Workers * _depth);
        _isSecondScan = false;
        kernels.ScanRows(this);

        // In order of anchors, so that the sum does not depend on the number of threads.
        Loss = 0;
        NonZeroTerms = 0;
        for (int anchor = 0; anchor < _layout.AnchorCount; anchor++)
        {
            Loss += _losses.Span[anchor];
            NonZeroTerms += _terms.Span[anchor];
        }

        if (!_wantsGradient)
            return;
        if (_options.Metric == DistanceMetric.Cosine)
            TakeNorms(kernels);
        _isSecondScan = true;
        kernels.ScanRows(this);
    }

    /// <summary>Writes the gradient times a factor.</summary>
    public void CopyGradient(double factor, Span2D<float> gradient)
    {
        gradient.Clear();
        for (int position = 0; position < _layout.AnchorCount; position++)
        {
            ReadOnlySpan<float> source = _gradient.Span.Slice(position * _depth, _depth);
            Span<float> target = gradient.GetRowSpan(_layout.GalleryRows[position]);
            for (int k = 0; k < _depth; k++)
                target[k] = (float)(factor * source[k]);
        }
    }

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        if (_isSecondScan)
            AddGradient(kernels, worker, anchor, keys);
        else
            AddLoss(kernels, _scratches[worker].Positives, anchor, keys);
    }

    public void Dispose()
    {
        foreach (AnchorScratch scratch in _scratches)
            scratch.Dispose();
        _thresholds.Dispose();
        _suffixSums.Dispose();
        _violations.Dispose();
        _losses.Dispose();
        _terms.Dispose();
        _gradient.Dispose();
        _sums.Dispose();
        _norms.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddLoss(IMiningKernels kernels, AnchorPositives positives, int anchor, ReadOnlySpan<float> keys)
    {
        positives.Load(kernels, _layout, _options.Metric, anchor);
        int count = _layout.PositiveCount(anchor);
        Span<double> thresholds = Thresholds(anchor);
        Span<double> suffixSums = _suffixSums.Span.Slice((int)_layout.PairOffsets[anchor], count);
        Span<int> violations = Violations(anchor);
        for (int i = 0; i < count; i++)
            thresholds[i] = positives.Values[i] + _options.Margin;
        thresholds.Sort();
        double suffix = 0;
        for (int i = count - 1; i >= 0; i--)
            suffixSums[i] = suffix += thresholds[i];

        // First the number of negatives that violate exactly the last c thresholds, then the running sum.
        violations.Clear();
        double loss = 0;
        long terms = 0;
        float tolerance = kernels.KeyTolerance(anchor);
        int start = _layout.ClassStarts[anchor];
        int end = _layout.ClassEnds[anchor];
        for (int position = 0; position < keys.Length; position++)
        {
            if (position == start)
                position = end;
            if (count == 0 || position >= keys.Length)
                break;
            int violated = CountViolated(kernels, thresholds, anchor, position, keys[position], tolerance, out double distance);
            if (violated == 0)
                continue;
            violations[count - violated]++;
            loss += suffixSums[count - violated] - (violated * distance);
            terms += violated;
        }

        for (int i = 1; i < count; i++)
            violations[i] += violations[i - 1];
        _losses.Span[anchor] = loss;
        _terms.Span[anchor] = terms;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddGradient(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        int start = _layout.ClassStarts[anchor];
        int end = _layout.ClassEnds[anchor];
        float tolerance = kernels.KeyTolerance(anchor);
        double norm = Norm(anchor);
        double own = 0;
        ReadOnlySpan<double> thresholds = Thresholds(anchor);
        ReadOnlySpan<double> allThresholds = _thresholds.Span;
        ReadOnlySpan<long> offsets = _layout.PairOffsets;
        for (int other = 0; other < keys.Length; other++)
        {
            double distance = 0;
            int weight = 0;
            if (other < start || other >= end)
            {
                ReadOnlySpan<double> others = allThresholds[(int)offsets[other]..(int)offsets[other + 1]];
                weight = -CountViolated(kernels, thresholds, anchor, other, keys[other], tolerance, out distance)
                    - CountViolated(kernels, others, anchor, other, keys[other], tolerance, out distance);
            }
            else if (other != anchor)
            {
                weight = PairViolations(kernels, anchor, other, out distance);
            }

            keys[other] = PairFactor(other, weight, distance, norm, ref own);
        }

        Span<double> sum = _sums.Span.Slice(worker * _depth, _depth);
        kernels.SumRows(keys, sum);
        ReadOnlySpan<float> row = kernels.GalleryRow(anchor);
        Span<float> gradient = _gradient.Span.Slice(anchor * _depth, _depth);
        for (int k = 0; k < _depth; k++)
            gradient[k] = (float)((own * row[k]) - sum[k]);
    }

    // ∂d(x, y)/∂x · weight = own · x − factor · y for the three metrics; own is summed over all y, from the factor as it was rounded, so that what
    // cancels between the two does cancel.
    private float PairFactor(int other, int weight, double distance, double norm, ref double own)
    {
        if (weight == 0)
            return 0;
        float factor;
        switch (_options.Metric)
        {
            case DistanceMetric.SquaredEuclidean:
                factor = 2f * weight;
                own += factor;
                return factor;
            case DistanceMetric.Euclidean:
                factor = distance > 0 ? (float)(weight / distance) : 0;
                own += factor;
                return factor;
            default:
                double otherNorm = Norm(other);
                if (norm == 0 || otherNorm == 0)
                    return 0;
                factor = (float)(weight / (norm * otherNorm));
                own += factor * otherNorm * (1 - distance) / norm;
                return factor;
        }
    }

    private int PairViolations(IMiningKernels kernels, int anchor, int other, out double distance)
    {
        distance = MetricKey.ToValue(_options.Metric, kernels.ExactKey(anchor, other));
        double threshold = distance + _options.Margin;
        return Violations(anchor)[LowerBound(Thresholds(anchor), threshold)] + Violations(other)[LowerBound(Thresholds(other), threshold)];
    }

    private int CountViolated(IMiningKernels kernels, ReadOnlySpan<double> thresholds, int anchor, int position, float key, float tolerance, out double distance)
    {
        DistanceMetric metric = _options.Metric;
        double nearest = MetricKey.ToValue(metric, Math.Max(0, (double)key - tolerance));
        double farthest = MetricKey.ToValue(metric, Math.Max(0, (double)key + tolerance));
        int first = UpperBound(thresholds, nearest);
        bool isClear = first == thresholds.Length || thresholds[first] > farthest;
        if (isClear && key >= SmallKeyFactor * tolerance)
        {
            distance = MetricKey.ToValue(metric, key);
            return thresholds.Length - first;
        }

        distance = MetricKey.ToValue(metric, kernels.ExactKey(anchor, position));
        return thresholds.Length - UpperBound(thresholds, distance);
    }

    // The first index whose threshold is above the value. Without a branch to mispredict: every step adds half of what is left, or nothing.
    private static int UpperBound(ReadOnlySpan<double> thresholds, double value)
    {
        if (thresholds.IsEmpty)
            return 0;
        int start = 0;
        for (int length = thresholds.Length; length > 1;)
        {
            int half = length / 2;
            start += Convert.ToInt32(thresholds[start + half - 1] <= value) * half;
            length -= half;
        }

        return start + Convert.ToInt32(thresholds[start] <= value);
    }

    // The first index whose threshold is not below the value.
    private static int LowerBound(ReadOnlySpan<double> thresholds, double value)
    {
        int index = UpperBound(thresholds, value);
        while (index > 0 && thresholds[index - 1] >= value)
            index--;
        return index;
    }

    private Span<double> Thresholds(int anchor) => _thresholds.Span.Slice((int)_layout.PairOffsets[anchor], _layout.PositiveCount(anchor));

    private Span<int> Violations(int anchor) => _violations.Span.Slice((int)_layout.PairOffsets[anchor], _layout.PositiveCount(anchor));

    private double Norm(int position) => _options.Metric == DistanceMetric.Cosine ? _norms.Span[position] : 0;

    private void TakeNorms(IMiningKernels kernels)
    {
        PinnedBuffer.Grow(ref _norms, _layout.GalleryCount);
        Span<double> norms = _norms.Span;
        for (int position = 0; position < _layout.GalleryCount; position++)
        {
            double squaredNorm = 0;
            foreach (float component in kernels.GalleryRow(position))
                squaredNorm += (double)component * component;
            norms[position] = Math.Sqrt(squaredNorm);
        }
    }
}
