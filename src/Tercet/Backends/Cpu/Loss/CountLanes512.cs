using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>512-bit vectors: AVX-512F.</summary>
// SAFETY: the pointers come from the term kernel, which keeps them inside tables and blocks; a look-up in a register's 16 lanes is what makes counting
// cheaper than the distances (bench/Tercet.Bench, BatchAllLossBenchmark).
internal readonly unsafe struct CountLanes512 : ICountLanes<Vector512<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SquareRoot(Vector512<float> value) => Avx512F.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> left, Vector512<float> right) => Avx512F.Divide(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<float> value) =>
        Vector512.Sum(Avx512F.ConvertToVector512Double(value.GetLower()) + Avx512F.ConvertToVector512Double(value.GetUpper()));
}
