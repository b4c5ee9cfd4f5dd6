using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary>A row that has been widened to float64.</summary>
// SAFETY: as for the interface.
internal readonly unsafe struct WideRow : IExactRow
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(void* row, nint index) => Vector512.Load((double*)row + index);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double At(void* row, nint index) => ((double*)row)[index];
}
