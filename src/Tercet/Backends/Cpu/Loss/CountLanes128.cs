using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>128-bit vectors: SSE or Arm64 AdvSimd.</summary>
// SAFETY: the pointers come from the term kernel, which keeps them inside tables and blocks (bench/Tercet.Bench, BatchAllLossBenchmark).
internal readonly unsafe struct CountLanes128 : ICountLanes<Vector128<float>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SquareRoot(Vector128<float> value) => Vector128.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Divide(Vector128<float> left, Vector128<float> right) => left / right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector128<float> value) => ((double)value[0] + value[1]) + ((double)value[2] + value[3]);
}
