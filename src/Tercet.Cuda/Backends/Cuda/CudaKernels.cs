using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda;

/// <summary>The kernels of a loaded module, for one metric's keys.</summary>
internal sealed class CudaKernels
{
    private CudaKernels(ICudaDriver driver, nint module, string metric)
    {
        Prepare = driver.GetFunction(module, "prepare_" + metric);
        Extremes = driver.GetFunction(module, "extremes_" + metric);
        Decide = driver.GetFunction(module, "decide_" + metric);
        Rescan = driver.GetFunction(module, "rescan_" + metric);
        KeyRows = driver.GetFunction(module, "key_rows_" + metric);
        RescanBlocks = Math.Max(1, driver.BlocksPerMultiprocessor(Rescan, CudaPlan.Threads) * driver.Device.Multiprocessors);
    }

    /// <summary>Gathers rows into panels.</summary>
    public nint Prepare { get; }

    /// <summary>The fused pass.</summary>
    public nint Extremes { get; }

    /// <summary>Decides candidates.</summary>
    public nint Decide { get; }

    /// <summary>Scans undecided anchors again.</summary>
    public nint Rescan { get; }

    /// <summary>Writes rows of keys.</summary>
    public nint KeyRows { get; }

    /// <summary>Blocks of <see cref="Rescan"/> that run at once on the whole device.</summary>
    public int RescanBlocks { get; }

    /// <summary>Finds the kernels of both kinds of key.</summary>
    public static (CudaKernels SquaredEuclidean, CudaKernels Cosine) Find(ICudaDriver driver, nint module) =>
        (new CudaKernels(driver, module, "squared_euclidean"), new CudaKernels(driver, module, "cosine"));
}
