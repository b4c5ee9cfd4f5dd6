using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>The rules that need only each anchor's extreme rows, through the backend's fused kernel: nothing is counted, and memory is O(N).</summary>
internal sealed class ExtremesProgram : IMiningProgram, IDisposable
{
    private readonly AnchorPositives _positives = new();
    private PinnedBuffer<AnchorExtremes> _extremes = new(0);
    private PinnedBuffer<Triplet> _selected = new(0);
    private RowLayout _layout = null!;
    private MiningOptions _options = null!;

    /// <summary>Sets the program up for one call.</summary>
    public void Prepare(RowLayout layout, MiningOptions options)
    {
        (_layout, _options) = (layout, options);
        PinnedBuffer.Grow(ref _extremes, layout.AnchorCount);
        long slots = options.Rule == MiningRule.HardNegative ? layout.PairCount : layout.AnchorCount;
        PinnedBuffer.Grow(ref _selected, slots);
        _selected.Span[..(int)slots].Fill(RuleShape.Nothing);
    }

    /// <inheritdoc/>
    public void Run(IMiningKernels kernels)
    {
        ExtremeKinds positive = _options.Rule == MiningRule.BatchHard ? ExtremeKinds.FarthestPositive
            : _options.Rule == MiningRule.EasyPositive && _options.EasyPositive == EasyPositiveVariant.Nearest ? ExtremeKinds.NearestPositive
            : ExtremeKinds.None;
        Span<AnchorExtremes> extremes = _extremes.Span[.._layout.AnchorCount];
        kernels.FindExtremes(positive | ExtremeKinds.NearestNegative, extremes);
        if (positive == ExtremeKinds.None)
        {
            for (int anchor = 0; anchor < extremes.Length; anchor++)
                SelectAmongPositives(kernels, anchor, extremes[anchor]);
            return;
        }

        ReadOnlySpan<int> anchorRows = _layout.AnchorRows;
        ReadOnlySpan<int> galleryRows = _layout.GalleryRows;
        Span<Triplet> selected = _selected.Span;
        for (int anchor = 0; anchor < extremes.Length; anchor++)
        {
            AnchorExtremes found = extremes[anchor];
            bool isFarthest = positive == ExtremeKinds.FarthestPositive;
            int farOrNear = isFarthest ? found.FarthestPositive : found.NearestPositive;
            selected[anchor] = new Triplet(
                anchorRows[anchor],
                galleryRows[farOrNear],
                galleryRows[found.NearestNegative],
                (float)Distance(kernels, anchor, farOrNear, isFarthest ? found.FarthestPositiveKey : found.NearestPositiveKey),
                (float)Distance(kernels, anchor, found.NearestNegative, found.NearestNegativeKey));
        }
    }

    /// <summary>What was selected for one anchor, in ascending order of positive; entries with a negative row of −1 stand for nothing.</summary>
    public ReadOnlySpan<Triplet> Selected(int anchor) => _options.Rule == MiningRule.HardNegative
        ? _selected.Span.Slice((int)_layout.PairOffsets[anchor], _layout.PositiveCount(anchor))
        : _selected.Span.Slice(anchor, 1);

    public void Dispose()
    {
        _positives.Dispose();
        _extremes.Dispose();
        _selected.Dispose();
    }

    private void SelectAmongPositives(IMiningKernels kernels, int anchor, AnchorExtremes found)
    {
        int negative = found.NearestNegative;
        double negativeDistance = Distance(kernels, anchor, negative, found.NearestNegativeKey);
        _positives.Load(kernels, _layout, _options.Metric, anchor);
        if (_options.Rule == MiningRule.EasyPositive)
        {
            int index = AnchorPositives.NearestBeyond(_positives.Values, negativeDistance);
            if (index >= 0)
                Put(anchor, anchor, index, negative, negativeDistance);
            return;
        }

        int slot = (int)_layout.PairOffsets[anchor];
        for (int index = 0; index < _positives.Count; index++)
            Put(slot + index, anchor, index, negative, negativeDistance);
    }

    private double Distance(IMiningKernels kernels, int anchor, int row, double key) =>
        MetricKey.ToValue(_options.Metric, double.IsNaN(key) ? kernels.ExactKey(anchor, row) : key);

    private void Put(int slot, int anchor, int index, int negative, double negativeDistance) =>
        _selected.Span[slot] = _positives.MakeTriplet(_layout, anchor, index, negative, negativeDistance);
}
