using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>256-bit vectors: AVX2.</summary>
// SAFETY: the pointers come from the term kernel, which keeps them inside tables and blocks; a look-up in two registers is what makes counting
// cheaper than the distances (bench/Tercet.Bench, BatchAllLossBenchmark).
internal readonly unsafe struct CountLanes256 : ICountLanes<Vector256<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> SquareRoot(Vector256<float> value) => Avx.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Divide(Vector256<float> left, Vector256<float> right) => Avx.Divide(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector256<float> value) =>
        Vector256.Sum(Avx.ConvertToVector256Double(value.GetLower()) + Avx.ConvertToVector256Double(value.GetUpper()));
}
