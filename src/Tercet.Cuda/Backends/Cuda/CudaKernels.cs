using System.Runtime.CompilerServices;
using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda;

/// <summary>The kernels of a loaded module, for one metric's keys.</summary>
internal sealed class CudaKernels
{
    // The first cards with the products that the tensor-core pass is made of.
    private const int OldestTensorCores = 8;
    private const int BlocksPerMultiprocessor = 8;

    private CudaKernels(ICudaDriver driver, nint module, string metric)
    {
        WidenFloat16 = driver.GetFunction(module, "widen_float16");
        WidenBFloat16 = driver.GetFunction(module, "widen_bfloat16");
        Prepare = driver.GetFunction(module, "prepare_" + metric);
        PrepareHalves = driver.GetFunction(module, "prepare_halves_" + metric);
        UsesTensorCores = driver.Device.ComputeMajor >= OldestTensorCores;
        Extremes = driver.GetFunction(module, (UsesTensorCores ? "extremes_mma_" : "extremes_") + metric);
        Decide = driver.GetFunction(module, "decide_" + metric);
        Rescan = driver.GetFunction(module, "rescan_" + metric);
        KeyRows = driver.GetFunction(module, "key_rows_" + metric);
        Positives = driver.GetFunction(module, "positives_" + metric);
        SemiHard = driver.GetFunction(module, "semi_hard_" + metric);
        SemiHardDecide = driver.GetFunction(module, "semi_hard_decide_" + metric);
        LossMean = driver.GetFunction(module, "loss_mean_" + metric);
        LossCentre = driver.GetFunction(module, "loss_centre_" + metric);
        LossWeights = driver.GetFunction(module, "loss_weights_" + metric);
        LossSums = driver.GetFunction(module, "loss_sums");
        LossCollect = driver.GetFunction(module, "loss_collect");
        LossTerms = driver.GetFunction(module, "loss_terms");
        LossFinish = driver.GetFunction(module, "loss_finish_" + metric);
        StridingBlocks = BlocksPerMultiprocessor * driver.Device.Multiprocessors;
        RescanBlocks = Math.Max(1, driver.BlocksPerMultiprocessor(Rescan, CudaPlan.Threads) * driver.Device.Multiprocessors);
    }

    /// <summary>Makes float32 of float16 components.</summary>
    public nint WidenFloat16 { get; }

    /// <summary>Makes float32 of bfloat16 components.</summary>
    public nint WidenBFloat16 { get; }

    /// <summary>Gathers rows into panels.</summary>
    public nint Prepare { get; }

    /// <summary>Splits prepared rows into float16 pairs, for the fused pass on tensor cores.</summary>
    public nint PrepareHalves { get; }

    /// <summary>Whether the fused pass runs on tensor cores: compute capability 8.0 and newer.</summary>
    public bool UsesTensorCores { get; }

    /// <summary>The fused pass.</summary>
    public nint Extremes { get; }

    /// <summary>Decides candidates.</summary>
    public nint Decide { get; }

    /// <summary>Scans undecided anchors again.</summary>
    public nint Rescan { get; }

    /// <summary>Writes rows of keys.</summary>
    public nint KeyRows { get; }

    /// <summary>Sorts every anchor's positives.</summary>
    public nint Positives { get; }

    /// <summary>Ranks negatives among them.</summary>
    public nint SemiHard { get; }

    /// <summary>Decides what the ranking left open.</summary>
    public nint SemiHardDecide { get; }

    /// <summary>Takes a mean of the rows.</summary>
    public nint LossMean { get; }

    /// <summary>Takes it from every row.</summary>
    public nint LossCentre { get; }

    /// <summary>Counts the violations of every pair.</summary>
    public nint LossWeights { get; }

    /// <summary>Multiplies them by the rows.</summary>
    public nint LossSums { get; }

    /// <summary>Adds up what one chunk gave.</summary>
    public nint LossCollect { get; }

    /// <summary>Adds up the loss.</summary>
    public nint LossTerms { get; }

    /// <summary>Makes the gradient.</summary>
    public nint LossFinish { get; }

    /// <summary>Blocks of kernels that stride over their items.</summary>
    public int StridingBlocks { get; }

    /// <summary>Blocks of <see cref="Rescan"/> that run at once on the whole device.</summary>
    public int RescanBlocks { get; }

    /// <summary>Bytes of the parameter structs of the kernels that the fused pass launches.</summary>
    public static IReadOnlyDictionary<nint, int> ParameterBytes((CudaKernels SquaredEuclidean, CudaKernels Cosine) kernels)
    {
        Dictionary<nint, int> bytes = [];
        foreach (CudaKernels each in (CudaKernels[])[kernels.SquaredEuclidean, kernels.Cosine])
        {
            bytes[each.WidenFloat16] = bytes[each.WidenBFloat16] = Unsafe.SizeOf<WidenArguments>();
            bytes[each.Prepare] = Unsafe.SizeOf<PrepareArguments>();
            bytes[each.PrepareHalves] = Unsafe.SizeOf<PrepareHalvesArguments>();
            bytes[each.Extremes] = bytes[each.Decide] = bytes[each.Rescan] = Unsafe.SizeOf<ExtremesArguments>();
        }

        return bytes;
    }

    /// <summary>Finds the kernels of both kinds of key.</summary>
    public static (CudaKernels SquaredEuclidean, CudaKernels Cosine) Find(ICudaDriver driver, nint module) =>
        (new CudaKernels(driver, module, "squared_euclidean"), new CudaKernels(driver, module, "cosine"));
}
