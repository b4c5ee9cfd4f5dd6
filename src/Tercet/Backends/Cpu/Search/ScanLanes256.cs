using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Search;

/// <summary>256-bit vectors: AVX2.</summary>
// SAFETY: the pointers come from the scans, which keep them inside code blocks and packed queries (bench/Tercet.Bench, SearchBenchmark).
internal readonly unsafe struct ScanLanes256 : IScanLanes<Vector256<float>, Vector256<int>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumLanes(Vector256<float> sum0, Vector256<float> sum1, Vector256<float> sum2, Vector256<float> sum3) => ScanLanes128.SumLanes(
        sum0.GetLower() + sum0.GetUpper(),
        sum1.GetLower() + sum1.GetUpper(),
        sum2.GetLower() + sum2.GetUpper(),
        sum3.GetLower() + sum3.GetUpper());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(byte* codes) => Vector256.Load(codes).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(int* source) => Vector256.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> FirstSum(int* minusOffset) => Vector256.Create(*minusOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> AddProducts(Vector256<int> sum, Vector256<int> rows0, Vector256<int> query0, Vector256<int> rows1, Vector256<int> query1, Vector256<int> ones) => sum + Avx2.MultiplyAddAdjacent(
        Avx2.MultiplyAddAdjacent(rows0.AsByte(), query0.AsSByte()) + Avx2.MultiplyAddAdjacent(rows1.AsByte(), query1.AsSByte()),
        ones.AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ToFloats(Vector256<int> value) => Vector256.ConvertToSingle(value);
}
