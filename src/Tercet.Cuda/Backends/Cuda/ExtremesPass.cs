using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>Finds extremes: the fused pass, the decision in float64, and the second scan of what is left, one after another without the host in between.</summary>
internal sealed unsafe class ExtremesPass(CudaSession session, ICudaDriver driver, IBufferAllocator pageLocked) : IDisposable
{
    private const int Kinds = 3;

    private readonly DeviceBuffer _best = new(driver);
    private readonly DeviceBuffer _counts = new(driver);
    private readonly DeviceBuffer _candidates = new(driver);
    private readonly DeviceBuffer _found = new(driver);
    private PinnedBuffer<int> _hostFound = new(1, pageLocked);

    /// <summary>Runs the pass.</summary>
    /// <param name="wanted">Which extremes to find.</param>
    /// <param name="extremes">Receives them.</param>
    public void Run(ExtremeKinds wanted, Span<AnchorExtremes> extremes)
    {
        RowLayout layout = session.Layout;
        int anchors = layout.AnchorCount;
        extremes[..anchors].Fill(AnchorExtremes.None);
        if (anchors == 0 || wanted == ExtremeKinds.None)
            return;
        session.Cancellation.ThrowIfCancellationRequested();

        // SAFETY: the struct is on the stack, and the driver has read it when a launch returns.
        session.PrepareHalves();
        ExtremesArguments arguments = Pack(wanted, layout);
        int tiles = CudaPlan.Tiles(anchors, layout.GalleryCount, layout.IsSymmetric);
        CudaKernels kernels = session.Kernels;
        nint stream = session.Stream;
        nint parameters = (nint)(&arguments);
        driver.Fill(_best.Address, uint.MaxValue, (long)Kinds * anchors, stream);
        driver.Fill(_counts.Address, 0, (long)Kinds * anchors, stream);
        driver.Launch(kernels.Extremes, new LaunchGrid(tiles, 1, CudaPlan.Threads), parameters, stream);
        driver.Launch(kernels.Decide, new LaunchGrid(CudaPlan.DecideBlocks(anchors), Kinds, CudaPlan.Threads), parameters, stream);
        driver.Launch(kernels.Rescan, new LaunchGrid(Math.Min(anchors, kernels.RescanBlocks), Kinds, CudaPlan.Threads), parameters, stream);
        session.Grow(ref _hostFound, (long)Kinds * anchors);
        driver.CopyToHost(_hostFound.DangerousGetAddress(), _found.Address, (long)Kinds * anchors * sizeof(int), stream);
        driver.Synchronize(stream);
        Decode(wanted, _hostFound.Span[..(Kinds * anchors)], extremes[..anchors]);
    }

    /// <summary>Takes results, <c>[3, anchors]</c>, apart. Kinds that were not wanted stay as they are.</summary>
    public static void Decode(ExtremeKinds wanted, ReadOnlySpan<int> found, Span<AnchorExtremes> extremes)
    {
        int anchors = extremes.Length;
        for (int anchor = 0; anchor < anchors; anchor++)
        {
            ref AnchorExtremes extreme = ref extremes[anchor];
            if ((wanted & ExtremeKinds.FarthestPositive) != 0)
                extreme.FarthestPositive = found[anchor];
            if ((wanted & ExtremeKinds.NearestPositive) != 0)
                extreme.NearestPositive = found[anchors + anchor];
            if ((wanted & ExtremeKinds.NearestNegative) != 0)
                extreme.NearestNegative = found[(2 * anchors) + anchor];
        }
    }

    public void Dispose()
    {
        _best.Dispose();
        _counts.Dispose();
        _candidates.Dispose();
        _found.Dispose();
        _hostFound.Dispose();
    }

    private ExtremesArguments Pack(ExtremeKinds wanted, RowLayout layout)
    {
        int anchors = layout.AnchorCount;
        long words = (long)Kinds * anchors;
        _best.Grow(words * sizeof(uint));
        _counts.Grow(words * sizeof(int));
        _candidates.Grow(words * CudaPlan.Candidates * sizeof(ulong));
        _found.Grow(words * sizeof(int));
        return new ExtremesArguments
        {
            Anchors = session.Anchors,
            Gallery = session.Gallery,
            Classes = session.Classes.Upload(),
            Tolerance = session.ExtremesTolerance,
            AnchorHalves = session.AnchorHalves,
            GalleryHalves = session.GalleryHalves,
            FarthestPositive = Kind(0, anchors),
            NearestPositive = Kind(1, anchors),
            NearestNegative = Kind(2, anchors),
            Wanted = (int)wanted,
            Symmetric = layout.IsSymmetric ? 1 : 0,
        };
    }

    private KindBuffers Kind(int kind, int anchors)
    {
        long first = (long)kind * anchors;
        return new KindBuffers
        {
            Best = _best.Address + (nint)(first * sizeof(uint)),
            Counts = _counts.Address + (nint)(first * sizeof(int)),
            Candidates = _candidates.Address + (nint)(first * CudaPlan.Candidates * sizeof(ulong)),
            Found = _found.Address + (nint)(first * sizeof(int)),
        };
    }
}
