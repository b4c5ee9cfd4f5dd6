using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu.Search;

/// <summary>512-bit vectors: AVX-512BW.</summary>
// SAFETY: the pointers come from the scans, which keep them inside code blocks and packed queries (bench/Tercet.Bench, SearchBenchmark).
internal readonly unsafe struct ScanLanes512 : IScanLanes<Vector512<float>, Vector512<int>>
{
    // Pairs of lanes of two vectors, then of four: every quarter then holds one sum of each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SumLanes(Vector512<float> sum0, Vector512<float> sum1, Vector512<float> sum2, Vector512<float> sum3)
    {
        Vector512<double> first = (Avx512F.UnpackLow(sum0, sum1) + Avx512F.UnpackHigh(sum0, sum1)).AsDouble();
        Vector512<double> second = (Avx512F.UnpackLow(sum2, sum3) + Avx512F.UnpackHigh(sum2, sum3)).AsDouble();
        Vector512<float> sums = Avx512F.UnpackLow(first, second).AsSingle() + Avx512F.UnpackHigh(first, second).AsSingle();
        Vector256<float> halves = sums.GetLower() + sums.GetUpper();
        return halves.GetLower() + halves.GetUpper();
    }

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
