using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Search;

/// <summary>128-bit vectors: SSE2, or Arm64 AdvSimd.</summary>
// SAFETY: the pointers come from the scans, which keep them inside code blocks and packed queries (bench/Tercet.Bench, SearchBenchmark).
internal readonly unsafe struct ScanLanes128 : IScanLanes<Vector128<float>, Vector128<int>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumLanes(Vector128<float> sum0, Vector128<float> sum1, Vector128<float> sum2, Vector128<float> sum3) =>
        AddPairs(AddPairs(sum0, sum1), AddPairs(sum2, sum3));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(byte* codes) => Vector128.Load(codes).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(int* source) => Vector128.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> FirstSum(int* minusOffset) => Ssse3.IsSupported ? Vector128.Create(*minusOffset) : Vector128<int>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> AddProducts(Vector128<int> sum, Vector128<int> rows0, Vector128<int> query0, Vector128<int> rows1, Vector128<int> query1, Vector128<int> ones)
    {
        if (!Ssse3.IsSupported)
            return AddSigned(AddSigned(sum, rows0, query0.AsSByte()), rows1, query1.AsSByte());
        Vector128<short> first = Ssse3.MultiplyAddAdjacent(rows0.AsByte(), query0.AsSByte());
        return sum + Sse2.MultiplyAddAdjacent(first + Ssse3.MultiplyAddAdjacent(rows1.AsByte(), query1.AsSByte()), ones.AsInt16());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ToFloats(Vector128<int> value) => Vector128.ConvertToSingle(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> AddPairs(Vector128<float> left, Vector128<float> right) =>
        Sse3.IsSupported ? Sse3.HorizontalAdd(left, right) : AdvSimd.Arm64.AddPairwise(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> AddSigned(Vector128<int> sum, Vector128<int> rows, Vector128<sbyte> query)
    {
        Vector128<sbyte> codes = (rows.AsByte() - Vector128.Create((byte)CodeRows.Offset)).AsSByte();
        if (Dp.IsSupported)
            return Dp.DotProduct(sum, codes, query);
        return sum + AdvSimd.Arm64.AddPairwise(
            AdvSimd.AddPairwiseWidening(AdvSimd.MultiplyWideningLower(codes.GetLower(), query.GetLower())),
            AdvSimd.AddPairwiseWidening(AdvSimd.MultiplyWideningLower(codes.GetUpper(), query.GetUpper())));
    }
}
