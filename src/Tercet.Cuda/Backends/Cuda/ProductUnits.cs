namespace Tercet.Backends.Cuda;

/// <summary>Which unit a device's kernels use.</summary>
internal static class ProductUnits
{
    /// <summary>The environment variable that forces an older one: <c>float32</c>, <c>mma</c> or <c>wgmma</c>.</summary>
    public const string Variable = "TERCET_CUDA_UNIT";

    private const int FirstTensorCores = 80;
    private const int OnlyWarpGroups = 90;

    /// <summary>The best one that a device has, or the one that is forced.</summary>
    /// <param name="computeMajor">Major compute capability.</param>
    /// <param name="computeMinor">Minor compute capability.</param>
    /// <param name="forced">The variable's value; null or empty leaves the choice to the device.</param>
    /// <exception cref="CudaException">The forced one does not exist, or the device does not have it.</exception>
    public static ProductUnit Choose(int computeMajor, int computeMinor, string? forced)
    {
        int capability = (10 * computeMajor) + computeMinor;
        ProductUnit best = capability == OnlyWarpGroups ? ProductUnit.WarpGroups : capability >= FirstTensorCores ? ProductUnit.TensorCores : ProductUnit.Float32;
        if (string.IsNullOrEmpty(forced))
            return best;
        ProductUnit wanted = forced switch
        {
            "float32" => ProductUnit.Float32,
            "mma" => ProductUnit.TensorCores,
            "wgmma" => ProductUnit.WarpGroups,
            _ => throw new CudaException($"{Variable} is '{forced}'; use float32, mma or wgmma."),
        };
        return wanted <= best ? wanted : throw new CudaException($"{Variable} is '{forced}', which a card of compute capability {computeMajor}.{computeMinor} does not have.");
    }
}
