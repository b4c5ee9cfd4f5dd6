using Tercet.Backends.Cpu;
using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cuda;

/// <summary>
/// One loaded problem on the device, and the kernels over it. Kept by the backend between calls, so that a call allocates nothing.
/// </summary>
internal sealed unsafe class CudaSession : IMiningKernels, IDisposable
{
    // Batches whose kernels take less time than the driver's calls for them.
    private const int LargestSmallBatch = 2048;

    private readonly GraphDriver _driver;
    private readonly PageLockedAllocator _pageLocked;
    private readonly CudaMemory _memory;
    private readonly (CudaKernels SquaredEuclidean, CudaKernels Cosine) _kernels;
    private readonly DeviceRows _gallery;
    private readonly DeviceRows _anchors;
    private readonly ExtremesRows _extremesRows;
    private ExtremesPass _extremes;
    private readonly KeyRowsPass _keyRows;
    private readonly SemiHardPass _semiHard;
    private readonly LossPass _loss;
    private readonly Lock _termsLock = new();
    private readonly MomentsPass _moments;
    private readonly HostCopy _anchorCopy;
    private readonly HostCopy _galleryCopy;
    private readonly PinnedBuffer<uint> _largest;
    private readonly Staging _staging;
    private PinnedBuffer<int> _galleryOrder;
    private PinnedBuffer<int> _anchorOrder;
    private PinnedBuffer<float> _anchorTerms;
    private SourceRows _anchorSource;
    private SourceRows _gallerySource;
    private RowMoments? _measured;
    private int _anchorCount;
    private int _depth;
    private bool _hasTerms;
    private bool _isSquare;

    public CudaSession(ICudaDriver sharedDriver, (CudaKernels SquaredEuclidean, CudaKernels Cosine) kernels, PageLockedAllocator pageLocked, CudaMemory memory, WorkerTeam team, long keyBudget)
    {
        GraphDriver driver = new(sharedDriver, CudaKernels.ParameterBytes(kernels));
        (_driver, _kernels, _pageLocked, _memory) = (driver, kernels, pageLocked, memory);
        _gallery = new DeviceRows(driver);
        _anchors = new DeviceRows(driver);
        _staging = new Staging(driver, _pageLocked);
        _galleryOrder = new PinnedBuffer<int>(1, _pageLocked);
        _anchorOrder = new PinnedBuffer<int>(1, _pageLocked);
        _anchorTerms = new PinnedBuffer<float>(1, _pageLocked);
        _largest = new PinnedBuffer<uint>(1, _pageLocked);
        Stream = driver.CreateStream();
        Classes = new ClassTable(this, driver, _pageLocked);
        Positives = new PositivesPass(this, driver, _pageLocked);
        _extremes = new ExtremesPass(this, driver, _pageLocked);
        _extremesRows = new ExtremesRows(this);
        _keyRows = new KeyRowsPass(this, driver, _pageLocked, team, keyBudget);
        _semiHard = new SemiHardPass(this, driver, _pageLocked, team, keyBudget);
        _loss = new LossPass(this, driver, _pageLocked, keyBudget);
        _moments = new MomentsPass(driver, _pageLocked);
        _anchorCopy = new HostCopy(driver, _pageLocked);
        _galleryCopy = new HostCopy(driver, _pageLocked);
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

    /// <summary>Whether the fused pass runs by warp groups.</summary>
    public bool UsesWarpGroups => Kernels.ExtremesWarpGroups != 0;

    /// <summary>The gallery as the fused pass takes it beside its panels: float16 pairs, or images.</summary>
    public HalfPanels GalleryHalves => HalvesOf(_gallery);

    /// <summary>The anchors likewise.</summary>
    public HalfPanels AnchorHalves => HalvesOf(AnchorSide);

    /// <summary>The gallery as float16 pairs.</summary>
    public HalfPanels GalleryPairs => _gallery.Halves;

    /// <summary>The anchors likewise.</summary>
    public HalfPanels AnchorPairs => AnchorSide.Halves;

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

    /// <summary>The error bound of the tensor cores' keys of float16 pairs.</summary>
    public ToleranceBound PairTolerance => KeyTolerances with { Slope = CudaPlan.TensorCoreSlope(_depth) };

    /// <summary>The error bound of the fused pass' keys.</summary>
    public ToleranceBound ExtremesTolerance => UsesWarpGroups ? KeyTolerances with { Slope = CudaPlan.WarpGroupSlope(_depth), Residual = _gallery.Residual }
        : Kernels.UsesTensorCores ? PairTolerance
        : KeyTolerances;

    /// <summary>
    /// Brings the rows to the device, where they do not lie there already, and packs them. Nothing is waited for: everything is in the stream's order, and a
    /// call that comes to its end has waited once.
    /// </summary>
    /// <param name="problem">The problem.</param>
    /// <param name="anchors">The anchors as float32.</param>
    /// <param name="gallery">The gallery as float32.</param>
    /// <param name="sentAnchors">The anchors as the device is to receive them.</param>
    /// <param name="sentGallery">The gallery likewise.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    // SAFETY: the source rows stay pinned until Unload. Page-locked buffers do not move, and are not written again before the stream has been waited for.
    public void Load(in MiningProblem problem, SourceRows anchors, SourceRows gallery, HostRows sentAnchors, HostRows sentGallery, CancellationToken cancellationToken)
    {
        (_anchorSource, _gallerySource, _depth) = (anchors, gallery, problem.Dimension);
        (Layout, Metric, Workers, Cancellation) = (problem.Layout, problem.Metric, problem.Threads, cancellationToken);
        (_hasTerms, _measured) = (false, problem.Moments);
        _anchorCount = sentAnchors.Count;
        _isSquare = problem.IsSquare;
        _driver.IsHolding = Math.Max(Layout.AnchorCount, Layout.GalleryCount) <= LargestSmallBatch;
        if (Layout.AnchorCount == 0 && _measured is null)
            return;

        Bring(_gallery, sentGallery, problem.Resident);
        cancellationToken.ThrowIfCancellationRequested();
        Prepare(_gallery, _gallery, Layout.GalleryRows, ref _galleryOrder);
        Anchors = Gallery with { Count = Layout.AnchorCount };
        if (!Layout.IsSymmetric && !problem.IsSquare)
            Bring(_anchors, sentAnchors, default);
        if (!Layout.IsSymmetric && Layout.AnchorCount > 0)
        {
            Prepare(_anchors, problem.IsSquare ? _gallery : _anchors, Layout.AnchorRows, ref _anchorOrder);
            Anchors = _anchors.Packed;
        }

        if (_measured is not null)
            Measure();
    }

    /// <summary>Hands on what the device has measured of the rows, once a call; refuses rows that no key can be made of. Waits where nobody has yet.</summary>
    /// <exception cref="ArgumentException">There is such a row.</exception>
    public void RequireSoundRows()
    {
        if (_measured is not { } moments)
            return;
        _driver.Synchronize(Stream);
        _measured = null;
        DeviceMoments found = _moments.Result;
        if (found.FirstBadAnchor != 0 && !_isSquare)
            RowMoments.ThrowForRow(_anchors.FetchRow((int)~found.FirstBadAnchor, _depth, _pageLocked, Stream), (int)~found.FirstBadAnchor, "anchors");
        if (found.FirstBad != 0)
            RowMoments.ThrowForRow(_gallery.FetchRow((int)~found.FirstBad, _depth, _pageLocked, Stream), (int)~found.FirstBad, _isSquare ? "embeddings" : "gallery");
        moments.Take(Layout.GalleryCount, found.NonZeroRows, found.SquaredNorms, found.SumOfRowsSquared, found.SumOfUnitRowsSquared);
    }

    /// <summary>Waits until nothing of the caller's, or of this session's, is being read or written any more.</summary>
    public void Wait() => _driver.Synchronize(Stream);

    /// <summary>Waits as <see cref="Wait"/> does, for what has been begun; the rest of a call that was stopped is not done.</summary>
    public void Abandon()
    {
        _driver.Drop();
        Wait();
    }

    public void Unload()
    {
        _anchorSource = default;
        _gallerySource = default;
        _measured = null;
        _staging.Forget();
        _anchorCopy.Forget();
        _galleryCopy.Forget();
        Layout = null!;
    }

    /// <inheritdoc/>
    public double ExactKey(int anchor, int row)
    {
        float* x = AnchorSource[Layout.AnchorRows[anchor]];
        float* y = GallerySource[Layout.GalleryRows[row]];
        if (Metric != DistanceMetric.Cosine)
            return ExactDistance.SquaredEuclidean(x, y, _depth);
        double norms = Math.Sqrt(ExactDistance.Dot(x, x, _depth)) * Math.Sqrt(ExactDistance.Dot(y, y, _depth));
        return norms == 0 ? 1 : 1 - (ExactDistance.Dot(x, y, _depth) / norms);
    }

    /// <inheritdoc/>
    public float KeyTolerance(int anchor)
    {
        if (!Volatile.Read(ref _hasTerms))
            FetchTerms();

        // Terms are not negative: taking the sign bit off gives the float that the ordered bits stand for.
        float largest = BitConverter.UInt32BitsToSingle(_largest.Span[0] & int.MaxValue);
        return (CudaPlan.ToleranceSlope(_depth) * (_anchorTerms.Span[anchor] + largest)) + CudaPlan.ToleranceConstant(_depth);
    }

    /// <summary>Makes the float16 pairs or images, where the fused pass takes them.</summary>
    public void PrepareHalves()
    {
        if (UsesWarpGroups)
        {
            _gallery.PrepareImages(_gallery, Kernels.PrepareImages, Stream);
            if (!Layout.IsSymmetric)
                _anchors.PrepareImages(_gallery, Kernels.PrepareImages, Stream);
            return;
        }

        if (Kernels.UsesTensorCores)
            PreparePairs();
    }

    /// <summary>Makes the float16 pairs; false where there are no tensor cores for them, or the device has no room.</summary>
    public bool TryPreparePairs()
    {
        if (!Kernels.UsesTensorCores)
            return false;
        try
        {
            PreparePairs();
            return true;
        }
        catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory)
        {
            // What has been launched may still be writing what is freed here, and likewise below.
            Wait();
            FreeHalves();
            return false;
        }
    }

    /// <inheritdoc/>
    public void FindExtremes(ExtremeKinds wanted, Span<AnchorExtremes> extremes)
    {
        try
        {
            _extremes.Run(wanted, extremes);
        }
        catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory)
        {
            Wait();

            // What the fused pass did get is given back: chunks of keys need less than its candidates and halves.
            _extremes.Dispose();
            _extremes = new ExtremesPass(this, _driver, _pageLocked);
            FreeHalves();
            _extremesRows.Run(wanted, extremes);
        }
    }

    /// <inheritdoc/>
    public void FindSemiHard(SemiHardRequest request, ISemiHardConsumer consumer)
    {
        _driver.IsHolding = false;
        RequireSoundRows();
        _semiHard.Run(request, consumer);
    }

    /// <inheritdoc/>
    public void ScanRows(IKeyRowConsumer consumer)
    {
        // Several threads are at work here, and the host waits between chunks.
        _driver.IsHolding = false;
        RequireSoundRows();
        FetchTerms();
        _keyRows.Run(consumer);
    }

    /// <inheritdoc/>
    public double SumTerms(double margin, Span<float> gradient, out long nonZeroTerms)
    {
        _driver.IsHolding = false;
        RequireSoundRows();
        return _loss.Run(margin, gradient, out nonZeroTerms);
    }

    /// <summary>Replaces a page-locked buffer that is too short.</summary>
    public void Grow<T>(ref PinnedBuffer<T> buffer, long length)
        where T : unmanaged => PinnedBuffer.Grow(ref buffer, length, _pageLocked);

    public void Dispose()
    {
        _driver.Drop();
        _driver.Dispose();
        Classes.Dispose();
        Positives.Dispose();
        _extremes.Dispose();
        _keyRows.Dispose();
        _semiHard.Dispose();
        _loss.Dispose();
        _moments.Dispose();
        _anchorCopy.Dispose();
        _galleryCopy.Dispose();
        _gallery.Dispose();
        _anchors.Dispose();
        _staging.Dispose();
        _galleryOrder.Dispose();
        _anchorOrder.Dispose();
        _anchorTerms.Dispose();
        _largest.Dispose();
        _driver.DestroyStream(Stream);
    }

    private void Bring(DeviceRows side, HostRows rows, DeviceMatrix resident)
    {
        if (ReferenceEquals(resident.Memory, _memory))
        {
            if (_memory.ArrivalOf(resident.Address) is not 0 and nint marker)
                _driver.Follow(Stream, marker);
            side.Take(resident.Address);
            return;
        }

        side.Bring(rows, _staging, _pageLocked, Kernels, Stream);
    }

    private void Prepare(DeviceRows side, DeviceRows uploaded, ReadOnlySpan<int> rows, ref PinnedBuffer<int> order)
    {
        Grow(ref order, rows.Length);
        rows.CopyTo(order.Span);

        // Warp groups' images have one scale for both sides.
        side.Prepare(uploaded, UsesWarpGroups ? _gallery : side, order, rows.Length, _depth, Kernels.Prepare, Stream);
    }

    // The rows as float32 on the host: the caller's own, or the device's where those are of another format or nowhere here.
    private SourceRows GallerySource => _gallerySource.First != null ? _gallerySource : _galleryCopy.Of(_gallery.Source, Layout.GalleryCount, _depth, Stream);

    private SourceRows AnchorSource => _anchorSource.First != null ? _anchorSource
        : _isSquare ? GallerySource
        : _anchorCopy.Of(_anchors.Source, _anchorCount, _depth, Stream);

    private void Measure()
    {
        if (!_isSquare && Layout.AnchorCount == 0)
            _anchors.BeginCheck(_depth, Stream);
        if (!_isSquare)
            _anchors.Check(_anchorCount, Kernels.CheckRows, Kernels.StridingBlocks, Stream);
        _moments.Begin(_gallery, _isSquare ? _gallery : _anchors, Kernels, Stream);
    }

    // The gallery's own panels where positions agree.
    private DeviceRows AnchorSide => Layout.IsSymmetric ? _gallery : _anchors;

    private HalfPanels HalvesOf(DeviceRows side) => UsesWarpGroups ? side.Images : side.Halves;

    private void FreeHalves()
    {
        _gallery.FreeHalves();
        _anchors.FreeHalves();
    }

    private void PreparePairs()
    {
        _gallery.PrepareHalves(Kernels.PrepareHalves, Stream);
        if (!Layout.IsSymmetric)
            _anchors.PrepareHalves(Kernels.PrepareHalves, Stream);
    }

    // What the host compares keys by.
    private void FetchTerms()
    {
        lock (_termsLock)
        {
            if (_hasTerms || Layout.AnchorCount == 0)
                return;
            _driver.Enter();
            Grow(ref _anchorTerms, Layout.AnchorCount);
            _driver.CopyToHost(_anchorTerms.DangerousGetAddress(), Anchors.Terms, (long)Layout.AnchorCount * sizeof(float), Stream);
            _driver.CopyToHost(_largest.DangerousGetAddress(), _gallery.Largest, sizeof(uint), Stream);
            _driver.Synchronize(Stream);
            Volatile.Write(ref _hasTerms, true);
        }
    }
}
