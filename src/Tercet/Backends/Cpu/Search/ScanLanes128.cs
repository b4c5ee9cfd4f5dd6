using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Search;

/// <summary>128-bit vectors: SSE2, or Arm64 AdvSimd.</summary>
// SAFETY: the pointers come from the scans, which keep them inside code blocks and packed queries (bench/Tercet.Bench, SearchBenchmark).
internal readonly unsafe struct ScanLanes128 : IScanLanes<Vector128<float>, Vector128<int>>
{
    public static Vector128<int> Zero => Vector128<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector128<float> value) => Vector128.Sum(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => left + right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyPairs(sbyte* codes, int* pair)
    {
        Vector128<short> left = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)codes).AsSByte());
        Vector128<short> right = Vector128.Create(*pair).AsInt16();
        if (Sse2.IsSupported)
            return Sse2.MultiplyAddAdjacent(left, right);
        return AdvSimd.Arm64.AddPairwise(
            AdvSimd.MultiplyWideningLower(left.GetLower(), right.GetLower()),
            AdvSimd.MultiplyWideningLower(left.GetUpper(), right.GetUpper()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToFloats(Vector128<int> value) => Vector128.ConvertToSingle(value);
}
