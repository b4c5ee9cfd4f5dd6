using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>Keys go on from what is there: a further part of the dimensions.</summary>
internal readonly unsafe struct FromKeys : IKeyStart
{
    // SAFETY: the tile writes the same elements.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Of<TLanes, TVector>(TVector norms, float* keys)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.Load(keys);
}
