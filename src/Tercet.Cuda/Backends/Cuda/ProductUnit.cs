namespace Tercet.Backends.Cuda;

/// <summary>What multiplies the rows of the fused pass' tiles; newer cards have all that older ones have.</summary>
internal enum ProductUnit
{
    /// <summary>Float32 arithmetic: any card.</summary>
    Float32,

    /// <summary>Tensor cores by <c>mma.sync</c>, float16 pairs: compute capability 8.0 and newer.</summary>
    TensorCores,

    /// <summary>Tensor cores by <c>wgmma</c>, float16 rows and bulk copies: compute capability 9.0.</summary>
    WarpGroups,
}
