using System.Numerics;
using System.Runtime.InteropServices;
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

    // Keys of every wanted kind's anchors, then their positions.
    private readonly DeviceBuffer _results = new(driver);
    private PinnedBuffer<double> _hostResults = new(1, pageLocked);

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
        CudaKernels kernels = session.Kernels;
        nint stream = session.Stream;
        nint parameters = (nint)(&arguments);
        driver.Fill(_best.Address, uint.MaxValue, (long)Kinds * anchors, stream);
        driver.Fill(_counts.Address, 0, (long)Kinds * anchors, stream);
        if (session.UsesWarpGroups)
            driver.Launch(kernels.ExtremesWarpGroups, new LaunchGrid(CudaPlan.WarpGroupBlocks(anchors, layout.GalleryCount, layout.IsSymmetric, kernels.Multiprocessors), 1, CudaPlan.WarpGroupThreads, CudaPlan.WarpGroupShared), parameters, stream);
        else
            driver.Launch(kernels.Extremes, new LaunchGrid(CudaPlan.Tiles(anchors, layout.GalleryCount, layout.IsSymmetric), 1, CudaPlan.Threads), parameters, stream);
        driver.Launch(kernels.Decide, new LaunchGrid(CudaPlan.DecideBlocks(anchors), Kinds, CudaPlan.Threads), parameters, stream);
        driver.Launch(kernels.Rescan, new LaunchGrid(Math.Min(anchors, kernels.RescanBlocks), Kinds, CudaPlan.Threads), parameters, stream);
        driver.Launch(kernels.ExtremesKeys, new LaunchGrid(CudaPlan.DecideBlocks(anchors), Kinds, CudaPlan.Threads), parameters, stream);
        int slots = BitOperations.PopCount((uint)wanted);
        long bytes = (long)slots * anchors * (sizeof(double) + sizeof(int));
        session.Grow(ref _hostResults, (bytes + sizeof(double) - 1) / sizeof(double));
        driver.CopyToHost(_hostResults.DangerousGetAddress(), _results.Address, bytes, stream);
        driver.Synchronize(stream);
        session.RequireSoundRows();
        Span<double> results = _hostResults.Span;
        Decode(wanted, MemoryMarshal.Cast<double, int>(results[(slots * anchors)..]), results[..(slots * anchors)], extremes[..anchors]);
    }

    /// <summary>Takes results, rows and their keys of every kind that was wanted, <c>[kinds, anchors]</c> each, apart. Other kinds stay as they are.</summary>
    public static void Decode(ExtremeKinds wanted, ReadOnlySpan<int> found, ReadOnlySpan<double> keys, Span<AnchorExtremes> extremes)
    {
        int slot = 0;
        if ((wanted & ExtremeKinds.FarthestPositive) != 0)
        {
            foreach (ref AnchorExtremes extreme in extremes)
                (extreme.FarthestPositive, extreme.FarthestPositiveKey) = (found[slot], keys[slot++]);
        }

        if ((wanted & ExtremeKinds.NearestPositive) != 0)
        {
            foreach (ref AnchorExtremes extreme in extremes)
                (extreme.NearestPositive, extreme.NearestPositiveKey) = (found[slot], keys[slot++]);
        }

        if ((wanted & ExtremeKinds.NearestNegative) != 0)
        {
            foreach (ref AnchorExtremes extreme in extremes)
                (extreme.NearestNegative, extreme.NearestNegativeKey) = (found[slot], keys[slot++]);
        }
    }

    public void Dispose()
    {
        _best.Dispose();
        _counts.Dispose();
        _candidates.Dispose();
        _results.Dispose();
        _hostResults.Dispose();
    }

    private ExtremesArguments Pack(ExtremeKinds wanted, RowLayout layout)
    {
        int anchors = layout.AnchorCount;
        long words = (long)Kinds * anchors;
        _best.Grow(words * sizeof(uint));
        _counts.Grow(words * sizeof(int));
        _candidates.Grow(words * CudaPlan.Candidates * sizeof(ulong));
        _results.Grow((long)BitOperations.PopCount((uint)wanted) * anchors * (sizeof(double) + sizeof(int)));
        return new ExtremesArguments
        {
            Anchors = session.Anchors,
            Gallery = session.Gallery,
            Classes = session.Classes.Upload(),
            Tolerance = session.ExtremesTolerance,
            AnchorHalves = session.AnchorHalves,
            GalleryHalves = session.GalleryHalves,
            Keys = _results.Address,
            FarthestPositive = Kind(0, wanted, anchors),
            NearestPositive = Kind(1, wanted, anchors),
            NearestNegative = Kind(2, wanted, anchors),
            Wanted = (int)wanted,
            Symmetric = layout.IsSymmetric ? 1 : 0,
        };
    }

    private KindBuffers Kind(int kind, ExtremeKinds wanted, int anchors)
    {
        int slots = BitOperations.PopCount((uint)wanted), slot = BitOperations.PopCount((uint)wanted & ((1u << kind) - 1));
        long first = (long)kind * anchors;
        return new KindBuffers
        {
            Best = _best.Address + (nint)(first * sizeof(uint)),
            Counts = _counts.Address + (nint)(first * sizeof(int)),
            Candidates = _candidates.Address + (nint)(first * CudaPlan.Candidates * sizeof(ulong)),

            // Not read where the kind is not wanted.
            Found = _results.Address + (nint)(((long)slots * anchors * sizeof(double)) + ((long)slot * anchors * sizeof(int))),
        };
    }
}
