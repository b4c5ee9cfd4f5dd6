namespace Tercet.Backends;

/// <summary>The vector widths that the CPU kernels exist in. All of them select the same rows.</summary>
public enum CpuLanes
{
    /// <summary>Plain float arithmetic: the reference, for any machine.</summary>
    Scalar,

    /// <summary>128-bit vectors: SSE with FMA, or Arm64 AdvSimd.</summary>
    Bits128,

    /// <summary>256-bit vectors: AVX2 with FMA.</summary>
    Bits256,

    /// <summary>512-bit vectors: AVX-512F.</summary>
    Bits512,
}
