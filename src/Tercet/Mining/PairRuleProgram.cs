using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>
/// Every rule that selects one triplet an anchor or one a pair, decided anchor by anchor, with the exact counts on the way.
/// </summary>
internal sealed class PairRuleProgram : IMiningProgram, IKeyRowConsumer, ISemiHardConsumer, IDisposable
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
        if (RuleShape.Draws(_options.Rule))
            kernels.ScanRows(this);
        else
            kernels.FindSemiHard(Request, this);
    }

    /// <summary>What was selected for one anchor, in ascending order of positive; entries with a negative row of −1 stand for nothing.</summary>
    public ReadOnlySpan<Triplet> Selected(int anchor) => _onePerAnchor
        ? _selected.Span.Slice(anchor, 1)
        : _selected.Span.Slice((int)_layout.PairOffsets[anchor], _layout.PositiveCount(anchor));

    /// <summary>The counts over all valid triplets; null where they were not asked for.</summary>
    public TripletCounts? Counts(long validTriplets) =>
        _options.Statistics == StatisticsLevel.Full ? AnchorScratch.Counts(_scratches, validTriplets) : null;

    private SemiHardRequest Request => new(
        _options.Margin,
        Count: _options.Statistics == StatisticsLevel.Full,
        FindFarthest: _options is { Rule: MiningRule.SemiHard, Fallback: SemiHardFallback.EasiestNegative });

    // The rules that draw need every candidate of an anchor, in order.
    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        AnchorScratch scratch = _scratches[worker];
        scratch.Positives.Load(kernels, _layout, _options.Metric, anchor);
        scratch.Negatives.Load(kernels, _layout, _options.Metric, anchor, keys);
        if (_options.Rule == MiningRule.DistanceWeighted)
            scratch.Weights.Load(kernels, _layout, _options, _depth, anchor, keys);
        DrawForPairs(kernels, scratch, anchor);
        if (_options.Statistics == StatisticsLevel.Full)
            scratch.CountTriplets(_options.Margin);
    }

    // The others follow from each pair's nearest farther negative and each anchor's extremes.
    void ISemiHardConsumer.Take(int worker, int anchor, in SemiHardResult result)
    {
        AnchorScratch scratch = _scratches[worker];
        scratch.Hard += result.Hard;
        scratch.Violating += result.Violating;
        if (_onePerAnchor)
        {
            int index = PositiveOfAnchor(in result);
            if (index >= 0)
                _selected.Span[anchor] = MakeTriplet(anchor, in result, index, result.Nearest);
            return;
        }

        TakePairs(anchor, in result);
    }

    public void Dispose()
    {
        foreach (AnchorScratch scratch in _scratches)
            scratch.Dispose();
        _selected.Dispose();
    }

    private int PositiveOfAnchor(in SemiHardResult result) => _options.Rule == MiningRule.BatchHard ? AnchorPositives.Farthest(result.PositiveDistances)
        : _options.EasyPositive == EasyPositiveVariant.Nearest ? AnchorPositives.Nearest(result.PositiveDistances)
        : AnchorPositives.NearestBeyond(result.PositiveDistances, result.Nearest.Distance);

    private void TakePairs(int anchor, in SemiHardResult result)
    {
        bool isHardest = _options.Rule == MiningRule.HardNegative;
        double limit = _options.WithinMargin ? _options.Margin : double.PositiveInfinity;
        RankedRow otherwise = isHardest ? result.Nearest : _options.Fallback switch
        {
            SemiHardFallback.EasiestNegative => result.Farthest,
            SemiHardFallback.HardestNegative => result.Nearest,
            _ => RankedRow.None,
        };
        ReadOnlySpan<int> rows = _layout.GalleryRows;
        ReadOnlySpan<int> positives = result.Positives;
        ReadOnlySpan<double> distances = result.PositiveDistances;
        ReadOnlySpan<RankedRow> negatives = result.Negatives;
        Span<Triplet> selected = _selected.Span[(int)_layout.PairOffsets[anchor]..];
        int row = _layout.AnchorRows[anchor];
        for (int index = 0; index < positives.Length; index++)
        {
            RankedRow negative = negatives[index];
            if (isHardest || negative.Position < 0 || !(negative.Distance - distances[index] < limit))
                negative = otherwise;
            if (negative.Position >= 0)
                selected[index] = new Triplet(row, rows[positives[index]], rows[negative.Position], (float)distances[index], (float)negative.Distance);
        }
    }

    private void DrawForPairs(IMiningKernels kernels, AnchorScratch scratch, int anchor)
    {
        AnchorPositives positives = scratch.Positives;
        Span<Triplet> selected = _selected.Span[(int)_layout.PairOffsets[anchor]..];
        for (int index = 0; index < positives.Count; index++)
        {
            int positive = positives.Positions[index];
            int negative = _options.Rule == MiningRule.DistanceWeighted
                ? DrawWeighted(kernels, scratch, anchor, positive, out double distance)
                : DrawUniformly(scratch.Negatives, anchor, positive, positives.Values[index], out distance);
            if (negative >= 0)
                selected[index] = positives.MakeTriplet(_layout, anchor, index, negative, distance);
        }
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

    private Triplet MakeTriplet(int anchor, in SemiHardResult result, int index, RankedRow negative) =>
        AnchorPositives.MakeTriplet(_layout, anchor, result.Positives[index], result.PositiveDistances[index], negative.Position, negative.Distance);
}
