using Tercet.Backends.Cpu;
using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cuda;

/// <summary>
/// One loaded problem on the device, and the kernels over it. Kept by the backend between calls, so that a call allocates nothing.
/// </summary>
internal sealed unsafe class CudaSession : IMiningKernels, IDisposable
{
    // Floats of the page-locked memory that rows are copied through.
    private const int LargestStaging = 4 << 20;

    private readonly ICudaDriver _driver;
    private readonly IBufferAllocator _pageLocked;
    private readonly (CudaKernels SquaredEuclidean, CudaKernels Cosine) _kernels;
    private readonly DeviceRows _gallery;
    private readonly DeviceRows _anchors;
    private readonly ExtremesPass _extremes;
    private readonly KeyRowsPass _keyRows;
    private readonly SemiHardPass _semiHard;
    private readonly LossPass _loss;
    private readonly PinnedBuffer<uint> _largest;
    private PinnedBuffer<float> _staging;
    private PinnedBuffer<int> _order;
    private PinnedBuffer<float> _anchorTerms;
    private SourceRows _anchorSource;
    private SourceRows _gallerySource;
    private int _depth;

    public CudaSession(ICudaDriver driver, (CudaKernels SquaredEuclidean, CudaKernels Cosine) kernels, WorkerTeam team, long keyBudget)
    {
        (_driver, _kernels) = (driver, kernels);
        _pageLocked = new PageLockedAllocator(driver);
        _gallery = new DeviceRows(driver);
        _anchors = new DeviceRows(driver);
        _staging = new PinnedBuffer<float>(1, _pageLocked);
        _order = new PinnedBuffer<int>(1, _pageLocked);
        _anchorTerms = new PinnedBuffer<float>(1, _pageLocked);
        _largest = new PinnedBuffer<uint>(1, _pageLocked);
        Stream = driver.CreateStream();
        Classes = new ClassTable(this, driver, _pageLocked);
        Positives = new PositivesPass(this, driver, _pageLocked);
        _extremes = new ExtremesPass(this, driver, _pageLocked);
        _keyRows = new KeyRowsPass(this, driver, _pageLocked, team, keyBudget);
        _semiHard = new SemiHardPass(this, driver, _pageLocked, team, keyBudget);
        _loss = new LossPass(this, driver, _pageLocked, keyBudget);
    }

    /// <inheritdoc/>
    public int Workers { get; private set; }

    public nint Stream { get; }

    public RowLayout Layout { get; private set; } = null!;

    public DistanceMetric Metric { get; private set; }

    public CancellationToken Cancellation { get; private set; }

    public CudaKernels Kernels => Metric == DistanceMetric.Cosine ? _kernels.Cosine : _kernels.SquaredEuclidean;

    /// <summary>The gallery, packed.</summary>
    public PackedRows Gallery => _gallery.Packed;

    /// <summary>The anchors, packed: the gallery's own panels where positions agree.</summary>
    public PackedRows Anchors { get; private set; }

    /// <summary>The gallery as float16 pairs.</summary>
    public HalfPanels GalleryHalves => _gallery.Halves;

    /// <summary>The anchors as float16 pairs.</summary>
    public HalfPanels AnchorHalves => Layout.IsSymmetric ? _gallery.Halves : _anchors.Halves;

    /// <summary>The anchors' labels.</summary>
    public ClassTable Classes { get; }

    /// <summary>The anchors' positives.</summary>
    public PositivesPass Positives { get; }

    /// <summary>The error bound of float32 keys.</summary>
    public ToleranceBound KeyTolerances => new()
    {
        Largest = _gallery.Largest,
        Slope = CudaPlan.ToleranceSlope(_depth),
        Constant = CudaPlan.ToleranceConstant(_depth),
    };

    /// <summary>The error bound of the fused pass' keys.</summary>
    public ToleranceBound ExtremesTolerance => Kernels.UsesTensorCores ? KeyTolerances with { Slope = CudaPlan.TensorCoreSlope(_depth) } : KeyTolerances;

    /// <summary>Brings the rows to the device and packs them.</summary>
    // SAFETY: the source rows stay pinned until Unload. Page-locked buffers do not move, and the stream is waited for before they are written again.
    public void Load(in MiningProblem problem, SourceRows anchors, SourceRows gallery, CancellationToken cancellationToken)
    {
        (_anchorSource, _gallerySource, _depth) = (anchors, gallery, problem.Gallery.Width);
        (Layout, Metric, Workers, Cancellation) = (problem.Layout, problem.Metric, problem.Threads, cancellationToken);
        if (Layout.AnchorCount == 0)
            return;

        bool sameRows = anchors.First == gallery.First;
        long largestSide = Math.Max((long)problem.Gallery.Height, sameRows ? 0 : problem.Anchors.Height) * _depth;
        Grow(ref _staging, Math.Max(_depth, Math.Min(largestSide, LargestStaging)));
        _gallery.Upload(problem.Gallery, _staging.Span, Stream);
        cancellationToken.ThrowIfCancellationRequested();
        Prepare(_gallery, _gallery, Layout.GalleryRows);
        if (Layout.IsSymmetric)
        {
            Anchors = Gallery with { Count = Layout.AnchorCount };
        }
        else
        {
            if (!sameRows)
                _anchors.Upload(problem.Anchors, _staging.Span, Stream);
            Prepare(_anchors, sameRows ? _gallery : _anchors, Layout.AnchorRows);
            Anchors = _anchors.Packed;
        }

        Grow(ref _anchorTerms, Layout.AnchorCount);
        _driver.CopyToHost(_anchorTerms.DangerousGetAddress(), Anchors.Terms, (long)Layout.AnchorCount * sizeof(float), Stream);
        _driver.CopyToHost(_largest.DangerousGetAddress(), _gallery.Largest, sizeof(uint), Stream);
        _driver.Synchronize(Stream);
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
        float* x = _anchorSource[Layout.AnchorRows[anchor]];
        float* y = _gallerySource[Layout.GalleryRows[row]];
        if (Metric != DistanceMetric.Cosine)
            return ExactDistance.SquaredEuclidean(x, y, _depth);
        double norms = Math.Sqrt(ExactDistance.Dot(x, x, _depth)) * Math.Sqrt(ExactDistance.Dot(y, y, _depth));
        return norms == 0 ? 1 : 1 - (ExactDistance.Dot(x, y, _depth) / norms);
    }

    /// <inheritdoc/>
    public float KeyTolerance(int anchor)
    {
        // Terms are not negative: taking the sign bit off gives the float that the ordered bits stand for.
        float largest = BitConverter.UInt32BitsToSingle(_largest.Span[0] & int.MaxValue);
        return (CudaPlan.ToleranceSlope(_depth) * (_anchorTerms.Span[anchor] + largest)) + CudaPlan.ToleranceConstant(_depth);
    }

    /// <summary>Makes the float16 pairs, where the fused pass takes them.</summary>
    public void PrepareHalves()
    {
        if (!Kernels.UsesTensorCores)
            return;
        _gallery.PrepareHalves(Kernels.PrepareHalves, Stream);
        if (!Layout.IsSymmetric)
            _anchors.PrepareHalves(Kernels.PrepareHalves, Stream);
    }

    /// <inheritdoc/>
    public void FindExtremes(ExtremeKinds wanted, Span<AnchorExtremes> extremes) => _extremes.Run(wanted, extremes);

    /// <inheritdoc/>
    public void FindSemiHard(SemiHardRequest request, ISemiHardConsumer consumer) => _semiHard.Run(request, consumer);

    /// <inheritdoc/>
    public void ScanRows(IKeyRowConsumer consumer) => _keyRows.Run(consumer);

    /// <inheritdoc/>
    public double SumTerms(double margin, Span<float> gradient, out long nonZeroTerms) => _loss.Run(margin, gradient, out nonZeroTerms);

    /// <summary>Replaces a page-locked buffer that is too short.</summary>
    public void Grow<T>(ref PinnedBuffer<T> buffer, long length)
        where T : unmanaged
    {
        if (buffer.Length >= length)
            return;
        buffer.Dispose();
        buffer = new PinnedBuffer<T>(checked((int)(length + (length / 4))), _pageLocked);
    }

    public void Dispose()
    {
        Classes.Dispose();
        Positives.Dispose();
        _extremes.Dispose();
        _keyRows.Dispose();
        _semiHard.Dispose();
        _loss.Dispose();
        _gallery.Dispose();
        _anchors.Dispose();
        _staging.Dispose();
        _order.Dispose();
        _anchorTerms.Dispose();
        _largest.Dispose();
        _driver.DestroyStream(Stream);
    }

    private void Prepare(DeviceRows side, DeviceRows uploaded, ReadOnlySpan<int> order)
    {
        Grow(ref _order, order.Length);
        order.CopyTo(_order.Span);
        side.Prepare(uploaded, _order, order.Length, _depth, Kernels.Prepare, Stream);
        _driver.Synchronize(Stream);
    }
}
