using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>The term kernel of each width.</summary>
internal static class TermKernels
{
    /// <summary>The kernel of a width that this machine runs.</summary>
    public static ITermKernel For(CpuLanes lanes) => lanes switch
    {
        CpuLanes.Bits512 => new TermKernel<Lanes512, CountLanes512, Vector512<float>>(),
        CpuLanes.Bits256 => new TermKernel<Lanes256, CountLanes256, Vector256<float>>(),
        CpuLanes.Bits128 => new TermKernel<Lanes128, CountLanes128, Vector128<float>>(),
        _ => new TermKernel<LanesScalar, CountLanesScalar, FourFloats>(),
    };
}
