using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The k nearest gallery rows of a chunk of prepared queries: bounds, candidates, and the decision in float64, without the host in between.</summary>
internal sealed unsafe class NearestPass(ICudaDriver driver, IBufferAllocator pageLocked) : IDisposable
{
    private readonly DeviceBuffer _minima = new(driver);
    private readonly DeviceBuffer _limits = new(driver);
    private readonly DeviceBuffer _counts = new(driver);
    private readonly DeviceBuffer _candidates = new(driver);
    private readonly DeviceBuffer _keys = new(driver);
    private readonly DeviceBuffer _rows = new(driver);
    private PinnedBuffer<double> _hostKeys = new(1, pageLocked);
    private PinnedBuffer<int> _hostRows = new(1, pageLocked);

    /// <summary>Exact keys, <c>[queries, k]</c>, ascending; the stream must have been waited for.</summary>
    public ReadOnlySpan<double> Keys => _hostKeys.Span;

    /// <summary>Their gallery rows; −1 where the gallery has no row left.</summary>
    public ReadOnlySpan<int> Rows => _hostRows.Span;

    /// <summary>Begins, in the stream's order.</summary>
    /// <param name="queries">The queries, prepared.</param>
    /// <param name="gallery">The gallery, prepared.</param>
    /// <param name="tolerance">The keys' error.</param>
    /// <param name="k">How many rows are wanted.</param>
    /// <param name="kernels">The metric's kernels.</param>
    /// <param name="stream">The stream.</param>
    // SAFETY: the struct is on the stack, and the driver has read it when a launch returns. Page-locked memory does not move.
    public void Begin(DeviceRows queries, DeviceRows gallery, ToleranceBound tolerance, int k, CudaKernels kernels, nint stream)
    {
        int count = queries.Packed.Count;
        long results = (long)count * k, places = (long)queries.Packed.PanelCount * CudaPlan.PanelRows;
        var arguments = new NearestArguments
        {
            Anchors = queries.Packed,
            Gallery = gallery.Packed,
            AnchorHalves = queries.Halves,
            GalleryHalves = gallery.Halves,
            Tolerance = tolerance,
            Minima = _minima.Grow(places * CudaPlan.NearestGroups * sizeof(uint)),
            Limits = _limits.Grow(places * sizeof(float)),
            Counts = _counts.Grow(places * sizeof(int)),
            Candidates = _candidates.Grow(places * CudaPlan.NearestCandidates * sizeof(int)),
            Keys = _keys.Grow(results * sizeof(double)),
            Rows = _rows.Grow(results * sizeof(int)),
            K = k,
        };
        PinnedBuffer.Grow(ref _hostKeys, results, pageLocked);
        PinnedBuffer.Grow(ref _hostRows, results, pageLocked);
        LaunchGrid tiles = new(gallery.Packed.PanelCount, queries.Packed.PanelCount, CudaPlan.Threads);
        nint parameters = (nint)(&arguments);
        driver.Fill(arguments.Minima, uint.MaxValue, places * CudaPlan.NearestGroups, stream);
        driver.Launch(kernels.NearestMinima, tiles, parameters, stream);
        driver.Launch(kernels.NearestLimits, new LaunchGrid(CudaPlan.WarpBlocks(count), 1, CudaPlan.Threads), parameters, stream);
        driver.Launch(kernels.NearestCandidates, tiles, parameters, stream);
        driver.Launch(kernels.NearestDecide, new LaunchGrid(count, 1, CudaPlan.Threads), parameters, stream);
        driver.CopyToHost(_hostKeys.DangerousGetAddress(), arguments.Keys, results * sizeof(double), stream);
        driver.CopyToHost(_hostRows.DangerousGetAddress(), arguments.Rows, results * sizeof(int), stream);
    }

    public void Dispose()
    {
        _minima.Dispose();
        _limits.Dispose();
        _counts.Dispose();
        _candidates.Dispose();
        _keys.Dispose();
        _rows.Dispose();
        _hostKeys.Dispose();
        _hostRows.Dispose();
    }
}
