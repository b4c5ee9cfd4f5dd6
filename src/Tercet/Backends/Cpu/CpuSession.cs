using Tercet.Backends.Cpu.Loss;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>One loaded problem, and the kernels over it. Kept by the backend between calls, so that a call allocates nothing.</summary>
internal sealed unsafe class CpuSession : IMiningKernels, IDisposable
{
    // Half the distance between 1 and the next float.
    private const double UnitRoundoff = 1.0 / (1 << 24);
    private const double MultiplyAddsPerWorker = 2e6;

    // Of a gallery's budget a window needs little, since all anchors of a group pass over it; the more keys, the fewer passes. What is left is
    // the room to spare that buffers take when they grow.
    private const int BudgetParts = 8;
    private const int KeyParts = 5;

    private readonly PackedPanels _galleryPanels = new();
    private readonly PackedPanels _anchorPanels = new();
    private readonly long _galleryBudget;
    private readonly RowScan _rowScan;
    private readonly WindowedRowScan _windowedRowScan;
    private readonly ExtremesScan _extremes;
    private readonly SemiHardScan _semiHard;
    private readonly TermScan _terms;
    private int* _anchorRows;
    private int* _galleryRows;
    private SourceRows _anchorSource;
    private SourceRows _gallerySource;

    public CpuSession(TileKernel kernel, WorkerTeam team, long galleryBudget)
    {
        Kernel = kernel;
        Team = team;
        _galleryBudget = galleryBudget;
        _rowScan = new RowScan(this);
        _windowedRowScan = new WindowedRowScan(this);
        _extremes = new ExtremesScan(this);
        _semiHard = new SemiHardScan(this);
        _terms = new TermScan(this);
    }

    public TileKernel Kernel { get; }

    public WorkerTeam Team { get; }

    /// <inheritdoc/>
    public int Workers { get; private set; }

    /// <summary>How many workers a piece of work is worth: waking one costs what it does in a few million multiply-adds.</summary>
    public int WorkersFor(double multiplyAdds) => Math.Clamp((int)(multiplyAdds / MultiplyAddsPerWorker), 1, Workers);

    public RowLayout Layout { get; private set; } = null!;

    public DistanceMetric Metric { get; private set; }

    public CancellationToken Cancellation { get; private set; }

    public PackedPanels Gallery => _galleryPanels;

    /// <summary>Bytes held for packed gallery rows and for keys: what the budget bounds.</summary>
    public long HeldGalleryBytes => _galleryPanels.PanelBytes + _rowScan.KeyBytes + _windowedRowScan.KeyBytes;

    /// <summary>The anchors' panels: the gallery's own where positions agree.</summary>
    public PackedPanels Anchors => Layout.IsSymmetric ? _galleryPanels : _anchorPanels;

    /// <summary>What turns a tile's accumulator into a key.</summary>
    public float KeyScale => Metric == DistanceMetric.Cosine ? -1f : -2f;

    // SAFETY: the source rows stay pinned until Unload; the layout's arrays are native memory, which does not move and outlives the session's load.
    public void Load(SourceRows anchors, SourceRows gallery, double* squaredNorms, int depth, RowLayout layout, DistanceMetric metric, int threads, CancellationToken cancellationToken)
    {
        _anchorSource = anchors;
        _gallerySource = gallery;
        Metric = metric;
        Layout = layout;
        Workers = threads;
        Cancellation = cancellationToken;
        fixed (int* anchorRows = layout.AnchorRows, galleryRows = layout.GalleryRows)
        {
            _anchorRows = anchorRows;
            _galleryRows = galleryRows;
        }

        bool unitRows = metric == DistanceMetric.Cosine;
        int windowPanels = anchors.First == gallery.First ? int.MaxValue : WindowPanels(layout.GalleryCount, depth);
        _galleryPanels.Pack(gallery.First, gallery.Stride, squaredNorms, _galleryRows, layout.GalleryCount, depth, Kernel.Columns, Kernel.SlabRows, windowPanels, unitRows, Team, threads, cancellationToken);
        if (!layout.IsSymmetric)
            _anchorPanels.Pack(anchors.First, anchors.Stride, null, _anchorRows, layout.AnchorCount, depth, Kernel.Columns, Kernel.SlabRows, int.MaxValue, unitRows, Team, threads, cancellationToken);
    }

    public void Unload()
    {
        _anchorSource = default;
        _gallerySource = default;
        Layout = null!;
    }

    /// <inheritdoc/>
    public double ExactKey(int anchor, int row)
    {
        float* x = _anchorSource[_anchorRows[anchor]];
        float* y = _gallerySource[_galleryRows[row]];
        if (Metric != DistanceMetric.Cosine)
            return ExactDistance.SquaredEuclidean(x, y, _galleryPanels.Depth);

        return CosineKey(ExactDistance.Dot(x, y, _galleryPanels.Depth), anchor, row);
    }

    /// <summary>The cosine distance of one pair from its product.</summary>
    public double CosineKey(double dot, int anchor, int row)
    {
        double norms = Anchors.Norms[anchor] * _galleryPanels.Norms[row];
        return norms == 0 ? 1 : 1 - (dot / norms);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// A tile accumulates Σ x·y in D roundings of partial sums that never exceed Σ|x·y| ≤ (‖x‖² + ‖y‖²)/2, scales it exactly, and adds the norms, themselves
    /// rounded, with two roundings of at most twice their sum; rows scaled to unit norm add one rounding a component. With |scale| ≤ 2 the key is off by at most
    /// |scale| · (D/2 + 4) · 2⁻²⁴ · (‖x‖² + ‖y‖²), the 1 % covering the second-order terms, and by what underflow loses; where the dimensions are summed in parts,
    /// each further part rounds once more.
    /// </remarks>
    public float KeyTolerance(int anchor)
    {
        float tolerance;
        KeyTolerances(&tolerance, Anchors.HalfNorms + anchor, 1, factor: 1);
        return tolerance;
    }

    /// <summary>The tolerances of the first anchors, times a factor.</summary>
    // SAFETY: tolerances has room for count floats.
    public void KeyTolerances(float* tolerances, int count, float factor) => KeyTolerances(tolerances, Anchors.HalfNorms, count, factor);

    /// <inheritdoc/>
    public void FindExtremes(ExtremeKinds wanted, Span<AnchorExtremes> extremes) => _extremes.Run(wanted, extremes);

    /// <inheritdoc/>
    public void FindSemiHard(SemiHardRequest request, ISemiHardConsumer consumer) => _semiHard.Run(request, consumer);

    /// <inheritdoc/>
    public void ScanRows(IKeyRowConsumer consumer)
    {
        if (_galleryPanels.WindowCount == 1)
            _rowScan.Run(consumer);
        else
            _windowedRowScan.Run(consumer, _galleryBudget / BudgetParts * KeyParts);
    }

    /// <inheritdoc/>
    public double SumTerms(double margin, Span<float> gradient, out long nonZeroTerms) => _terms.Run(margin, gradient, out nonZeroTerms);

    /// <summary>One gallery row as the caller gave it, <c>[D]</c>.</summary>
    // SAFETY: the source rows are pinned and Depth floats long.
    public float* GalleryRow(int position) => _gallerySource[_galleryRows[position]];

    /// <summary>One anchor row as the caller gave it, <c>[D]</c>.</summary>
    // SAFETY: as for gallery rows.
    public float* AnchorRow(int anchor) => _anchorSource[_anchorRows[anchor]];

    // Panels of the gallery to hold at a time.
    private int WindowPanels(int rows, int depth)
    {
        long panelBytes = (long)Kernel.Columns * depth * sizeof(float);
        long panels = (rows + Kernel.Columns - 1L) / Kernel.Columns;
        return panels * panelBytes <= _galleryBudget ? int.MaxValue : (int)Math.Clamp(_galleryBudget / BudgetParts / panelBytes, 1, int.MaxValue);
    }

    private void KeyTolerances(float* tolerances, float* halfNorms, int count, float factor)
    {
        int parts = new KeyParts(_galleryPanels.Depth).Count;
        double scale = 1.01 * factor * Math.Abs(KeyScale) * ((0.5 * _galleryPanels.Depth) + 3 + parts);
        double slope = scale * UnitRoundoff * 2;
        double constant = (slope * _galleryPanels.LargestHalfNorm) + (scale * float.Epsilon);
        for (int i = 0; i < count; i++)
            tolerances[i] = (float)((slope * halfNorms[i]) + constant);
    }

    public void Dispose()
    {
        _galleryPanels.Dispose();
        _anchorPanels.Dispose();
        _rowScan.Dispose();
        _windowedRowScan.Dispose();
        _extremes.Dispose();
        _semiHard.Dispose();
        _terms.Dispose();
    }
}
