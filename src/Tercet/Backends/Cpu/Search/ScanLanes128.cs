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
    public static void StoreScores(Vector128<float> sum0, Vector128<float> sum1, Vector128<float> sum2, Vector128<float> sum3, float* factors, float* biases, float* scores)
    {
        Vector128<float> sums = AddPairs(AddPairs(sum0, sum1), AddPairs(sum2, sum3));
        Vector128.FusedMultiplyAdd(Vector128.Load(factors), sums, Vector128.Load(biases)).Store(scores);
    }

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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> AddPairs(Vector128<float> left, Vector128<float> right) =>
        Sse3.IsSupported ? Sse3.HorizontalAdd(left, right) : AdvSimd.Arm64.AddPairwise(left, right);
}
