using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Search;

/// <summary>512-bit vectors: AVX-512BW.</summary>
// SAFETY: the pointers come from the scans, which keep them inside code blocks and packed queries (bench/Tercet.Bench, SearchBenchmark).
internal readonly unsafe struct ScanLanes512 : IScanLanes<Vector512<float>, Vector512<int>>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreScores(Vector512<float> sum0, Vector512<float> sum1, Vector512<float> sum2, Vector512<float> sum3, float* factors, float* biases, float* scores) => ScanLanes256.StoreScores(
        sum0.GetLower() + sum0.GetUpper(),
        sum1.GetLower() + sum1.GetUpper(),
        sum2.GetLower() + sum2.GetUpper(),
        sum3.GetLower() + sum3.GetUpper(),
        factors,
        biases,
        scores);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(byte* codes) => Vector512.Load(codes).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Broadcast(int* source) => Vector512.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> FirstSum(int* minusOffset) => Vector512.Create(*minusOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> AddProducts(Vector512<int> sum, Vector512<int> rows0, Vector512<int> query0, Vector512<int> rows1, Vector512<int> query1, Vector512<int> ones) => sum + Avx512BW.MultiplyAddAdjacent(
        Avx512BW.MultiplyAddAdjacent(rows0.AsByte(), query0.AsSByte()) + Avx512BW.MultiplyAddAdjacent(rows1.AsByte(), query1.AsSByte()),
        ones.AsInt16());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ToFloats(Vector512<int> value) => Vector512.ConvertToSingle(value);
}
