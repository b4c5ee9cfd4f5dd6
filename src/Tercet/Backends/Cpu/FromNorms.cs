using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>Keys start from the norms: all dimensions at once, or the first part of them.</summary>
internal readonly unsafe struct FromNorms : IKeyStart
{
    // SAFETY: the pointer is not used.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TLanes, TVector>(TVector norms, float* keys)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => norms;
}
