using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>
/// Every rule that selects one triplet an anchor or one a pair, decided anchor by anchor from a row of keys, with the exact counts on the way.
/// </summary>
internal sealed class PairRuleProgram : IMiningProgram, IKeyRowConsumer, IDisposable
{
    private AnchorScratch[] _scratches = [];
    private PinnedBuffer<Triplet> _selected = new(0);
    private RowLayout _layout = null!;
    private MiningOptions _options = null!;
    private int _depth;
    private bool _onePerAnchor;

    /// <summary>Sets the program up for one call.</summary>
    public void Prepare(RowLayout layout, MiningOptions options, int depth)
    {
        (_layout, _options, _depth) = (layout, options, depth);
        _onePerAnchor = RuleShape.SelectsOnePerAnchor(options.Rule);
        long slots = _onePerAnchor ? layout.AnchorCount : layout.PairCount;
        PinnedBuffer.Grow(ref _selected, slots);
        _selected.Span[..(int)slots].Fill(RuleShape.Nothing);
    }

    /// <inheritdoc/>
    public void Run(IMiningKernels kernels)
    {
        AnchorScratch.Prepare(ref _scratches, kernels.Workers);
        kernels.ScanRows(this);
    }

    /// <summary>What was selected for one anchor, in ascending order of positive; entries with a negative row of −1 stand for nothing.</summary>
    public ReadOnlySpan<Triplet> Selected(int anchor) => _onePerAnchor
        ? _selected.Span.Slice(anchor, 1)
        : _selected.Span.Slice((int)_layout.PairOffsets[anchor], _layout.PositiveCount(anchor));

    /// <summary>The counts over all valid triplets; null where they were not asked for.</summary>
    public TripletCounts? Counts(long validTriplets) =>
        _options.Statistics == StatisticsLevel.Full ? AnchorScratch.Counts(_scratches, validTriplets) : null;

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        AnchorScratch scratch = _scratches[worker];
        scratch.Positives.Load(kernels, _layout, _options.Metric, anchor);
        scratch.Negatives.Load(kernels, _layout, _options.Metric, anchor, keys);
        if (_options.Rule == MiningRule.DistanceWeighted)
            scratch.Weights.Load(kernels, _layout, _options, _depth, anchor, keys);
        if (_onePerAnchor)
            SelectForAnchor(scratch, anchor);
        else
            SelectForPairs(kernels, scratch, anchor);
        if (_options.Statistics == StatisticsLevel.Full)
            scratch.CountTriplets(_options.Margin);
    }

    public void Dispose()
    {
        foreach (AnchorScratch scratch in _scratches)
            scratch.Dispose();
        _selected.Dispose();
    }

    private void SelectForAnchor(AnchorScratch scratch, int anchor)
    {
        AnchorPositives positives = scratch.Positives;
        int negative = scratch.Negatives.Select(0, out double negativeDistance);
        int index = _options.Rule == MiningRule.BatchHard ? positives.Farthest()
            : _options.EasyPositive == EasyPositiveVariant.Nearest ? positives.Nearest()
            : positives.NearestBeyond(negativeDistance);
        if (index >= 0)
            _selected.Span[anchor] = positives.MakeTriplet(_layout, anchor, index, negative, negativeDistance);
    }

    private void SelectForPairs(IMiningKernels kernels, AnchorScratch scratch, int anchor)
    {
        AnchorPositives positives = scratch.Positives;
        Span<Triplet> selected = _selected.Span[(int)_layout.PairOffsets[anchor]..];
        int hardest = -1;
        double hardestDistance = 0;
        if (_options.Rule == MiningRule.HardNegative)
            hardest = scratch.Negatives.Select(0, out hardestDistance);
        for (int index = 0; index < positives.Count; index++)
        {
            double distance = positives.Values[index];
            double negativeDistance = hardestDistance;
            int negative = _options.Rule switch
            {
                MiningRule.HardNegative => hardest,
                MiningRule.SemiHard => SemiHard(scratch.Negatives, distance, out negativeDistance),
                MiningRule.DistanceWeighted => DrawWeighted(kernels, scratch, anchor, positives.Positions[index], out negativeDistance),
                _ => DrawUniformly(scratch.Negatives, anchor, positives.Positions[index], distance, out negativeDistance),
            };
            if (negative >= 0)
                selected[index] = positives.MakeTriplet(_layout, anchor, index, negative, negativeDistance);
        }
    }

    private int SemiHard(NegativeRanking negatives, double distance, out double negativeDistance)
    {
        int notFarther = negatives.CountWithin(distance, 0, strictly: false);
        if (notFarther < negatives.Count)
        {
            int negative = negatives.Select(notFarther, out negativeDistance);
            if (!_options.WithinMargin || negativeDistance - distance < _options.Margin)
                return negative;
        }

        negativeDistance = 0;
        return _options.Fallback switch
        {
            SemiHardFallback.EasiestNegative => negatives.SelectFarthest(out negativeDistance),
            SemiHardFallback.HardestNegative => negatives.Select(0, out negativeDistance),
            _ => -1,
        };
    }

    private int DrawUniformly(NegativeRanking negatives, int anchor, int positive, double distance, out double negativeDistance)
    {
        int first = _options.Rule == MiningRule.RandomSemiHard ? negatives.CountWithin(distance, 0, strictly: false) : 0;
        int end = negatives.CountWithin(distance, _options.Margin, strictly: true);
        negativeDistance = 0;
        return end <= first
            ? -1
            : negatives.Select(first + SeededDraw.Index(Bits(anchor, positive), end - first), out negativeDistance);
    }

    private int DrawWeighted(IMiningKernels kernels, AnchorScratch scratch, int anchor, int positive, out double negativeDistance)
    {
        int negative = scratch.Weights.Draw(SeededDraw.Unit(Bits(anchor, positive)));
        negativeDistance = negative < 0 ? 0 : MetricKey.ToValue(_options.Metric, kernels.ExactKey(anchor, negative));
        return negative;
    }

    private ulong Bits(int anchor, int positive) =>
        SeededDraw.Bits(_options.Seed, _layout.AnchorRows[anchor], _layout.GalleryRows[positive]);
}
