using System.Runtime.CompilerServices;
using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Backends.Cuda;

/// <summary>The kernels of a loaded module, for one metric's keys.</summary>
internal sealed class CudaKernels
{
    // cuModuleGetFunction's answer for a name that the module has not got.
    private const int NotFound = 500;
    private const int BlocksPerMultiprocessor = 8;

    private CudaKernels(ICudaDriver driver, nint module, string metric, ProductUnit unit, bool isForced)
    {
        WidenFloat16 = driver.GetFunction(module, "widen_float16");
        WidenBFloat16 = driver.GetFunction(module, "widen_bfloat16");
        Prepare = driver.GetFunction(module, "prepare_" + metric);
        PrepareHalves = driver.GetFunction(module, "prepare_halves_" + metric);
        UsesTensorCores = unit >= ProductUnit.TensorCores;
        if (unit == ProductUnit.WarpGroups)
            ExtremesWarpGroups = FindWarpGroups(driver, module, metric, isForced);
        PrepareImages = driver.GetFunction(module, "prepare_images_" + metric);
        Multiprocessors = driver.Device.Multiprocessors;
        Extremes = driver.GetFunction(module, (UsesTensorCores ? "extremes_mma_" : "extremes_") + metric);
        Decide = driver.GetFunction(module, "decide_" + metric);
        Rescan = driver.GetFunction(module, "rescan_" + metric);
        ExtremesKeys = driver.GetFunction(module, "extremes_keys_" + metric);
        Moments = driver.GetFunction(module, "moments_" + metric);
        MomentsFinish = driver.GetFunction(module, "moments_finish");
        CheckRows = driver.GetFunction(module, "check_rows");
        string multiplier = UsesTensorCores ? "_mma_" : "_";
        NearestMinima = driver.GetFunction(module, "nearest_minima" + multiplier + metric);
        NearestLimits = driver.GetFunction(module, "nearest_limits");
        NearestCandidates = driver.GetFunction(module, "nearest_candidates" + multiplier + metric);
        NearestDecide = driver.GetFunction(module, "nearest_decide_" + metric);
        KeyRows = driver.GetFunction(module, "key_rows_" + metric);
        Positives = driver.GetFunction(module, "positives_" + metric);
        SemiHard = driver.GetFunction(module, "semi_hard_" + metric);
        if (UsesTensorCores)
            SemiHardTensorCores = driver.GetFunction(module, "semi_hard_mma_" + metric);
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

    /// <summary>The same by warp groups; 0 where the card or the module does not have it, or another unit is forced.</summary>
    public nint ExtremesWarpGroups { get; }

    /// <summary>Makes float16 images of prepared rows, for warp groups.</summary>
    public nint PrepareImages { get; }

    /// <summary>The device's multiprocessors.</summary>
    public int Multiprocessors { get; }

    /// <summary>Decides candidates.</summary>
    public nint Decide { get; }

    /// <summary>Scans undecided anchors again.</summary>
    public nint Rescan { get; }

    /// <summary>Measures what was found.</summary>
    public nint ExtremesKeys { get; }

    /// <summary>Sums rows.</summary>
    public nint Moments { get; }

    /// <summary>Makes moments of the sums.</summary>
    public nint MomentsFinish { get; }

    /// <summary>Looks for rows that no key can be made of.</summary>
    public nint CheckRows { get; }

    /// <summary>Finds the smallest keys of groups of gallery rows.</summary>
    public nint NearestMinima { get; }

    /// <summary>Makes limits of them.</summary>
    public nint NearestLimits { get; }

    /// <summary>Keeps what is within the limits.</summary>
    public nint NearestCandidates { get; }

    /// <summary>Puts it in order.</summary>
    public nint NearestDecide { get; }

    /// <summary>Writes rows of keys.</summary>
    public nint KeyRows { get; }

    /// <summary>Sorts every anchor's positives.</summary>
    public nint Positives { get; }

    /// <summary>Ranks negatives among them.</summary>
    public nint SemiHard { get; }

    /// <summary>The same on tensor cores; 0 where the card does not have them, or another unit is forced.</summary>
    public nint SemiHardTensorCores { get; }

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
            bytes[each.PrepareImages] = Unsafe.SizeOf<PrepareImagesArguments>();
            if (each.ExtremesWarpGroups != 0)
                bytes[each.ExtremesWarpGroups] = Unsafe.SizeOf<ExtremesArguments>();
            bytes[each.Moments] = bytes[each.MomentsFinish] = Unsafe.SizeOf<MomentsArguments>();
            bytes[each.CheckRows] = Unsafe.SizeOf<CheckRowsArguments>();
            bytes[each.Extremes] = bytes[each.Decide] = bytes[each.Rescan] = bytes[each.ExtremesKeys] = Unsafe.SizeOf<ExtremesArguments>();
        }

        return bytes;
    }

    /// <summary>Finds the kernels of both kinds of key.</summary>
    /// <param name="driver">The driver.</param>
    /// <param name="module">The module.</param>
    /// <param name="forced">The value of <see cref="ProductUnits.Variable"/>.</param>
    /// <exception cref="CudaException">A kernel is not there, or what is forced.</exception>
    public static (CudaKernels SquaredEuclidean, CudaKernels Cosine) Find(ICudaDriver driver, nint module, string? forced)
    {
        ProductUnit unit = ProductUnits.Choose(driver.Device.ComputeMajor, driver.Device.ComputeMinor, forced);
        bool isForced = !string.IsNullOrEmpty(forced);
        return (new CudaKernels(driver, module, "squared_euclidean", unit, isForced), new CudaKernels(driver, module, "cosine", unit, isForced));
    }

    // A module that a driver has compiled from PTX has no such kernel.
    private static nint FindWarpGroups(ICudaDriver driver, nint module, string metric, bool isForced)
    {
        string name = "extremes_wgmma_" + metric;
        try
        {
            nint function = driver.GetFunction(module, name);
            driver.AllowShared(function, CudaPlan.WarpGroupShared);
            return function;
        }
        catch (CudaException exception) when (exception.Status == NotFound)
        {
            return isForced
                ? throw new CudaException($"{ProductUnits.Variable} is 'wgmma', but the kernels have no {name}: build them for sm_90a, with nvcc 12 or newer by CMake or with native/gate/gate.sh, or leave the variable out.", NotFound, exception)
                : 0;
        }
    }
}
