using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>A float32 row, widened as it is read.</summary>
// SAFETY: as for the interface.
internal readonly unsafe struct NarrowRow : IExactRow
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Load(void* row, nint index)
    {
        float* source = (float*)row + index;
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector512Double(Vector256.Load(source));
        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Vector256.Load(source));
        return Vector512.Create(lower, upper);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double At(void* row, nint index) => ((float*)row)[index];
}
