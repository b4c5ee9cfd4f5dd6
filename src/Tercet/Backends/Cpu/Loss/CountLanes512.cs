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
    public static Vector512<float> Lookup(float* table, Vector512<float> index) => Avx512F.PermuteVar16x32(Avx512F.LoadVector512(table), index.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> WhereNotAbove(Vector512<float> left, Vector512<float> right, Vector512<float> then, Vector512<float> otherwise) =>
        Vector512.ConditionalSelect(Avx512F.CompareLessThanOrEqual(left, right), then, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> SquareRoot(Vector512<float> value) => Avx512F.Sqrt(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Divide(Vector512<float> left, Vector512<float> right) => Avx512F.Divide(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<float> value) =>
        Vector512.Sum(Avx512F.ConvertToVector512Double(value.GetLower()) + Avx512F.ConvertToVector512Double(value.GetUpper()));

    // Four rows, four apart, share a vector: what is transposed within each 128 bits then stands in the order of the rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransposeFour(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        Vector512<float> a = Quads(source, 4 * sourceStride);
        Vector512<float> b = Quads(source + sourceStride, 4 * sourceStride);
        Vector512<float> c = Quads(source + (2 * sourceStride), 4 * sourceStride);
        Vector512<float> d = Quads(source + (3 * sourceStride), 4 * sourceStride);
        Vector512<double> lowAb = Avx512F.UnpackLow(a, b).AsDouble();
        Vector512<double> lowCd = Avx512F.UnpackLow(c, d).AsDouble();
        Vector512<double> highAb = Avx512F.UnpackHigh(a, b).AsDouble();
        Vector512<double> highCd = Avx512F.UnpackHigh(c, d).AsDouble();
        Avx512F.Store(destination, Avx512F.UnpackLow(lowAb, lowCd).AsSingle());
        Avx512F.Store(destination + destinationStride, Avx512F.UnpackHigh(lowAb, lowCd).AsSingle());
        Avx512F.Store(destination + (2 * destinationStride), Avx512F.UnpackLow(highAb, highCd).AsSingle());
        Avx512F.Store(destination + (3 * destinationStride), Avx512F.UnpackHigh(highAb, highCd).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Quads(float* source, nint stride)
    {
        Vector512<float> quads = Vector128.Load(source).ToVector256Unsafe().ToVector512Unsafe();
        quads = Avx512F.InsertVector128(quads, Vector128.Load(source + stride), 1);
        quads = Avx512F.InsertVector128(quads, Vector128.Load(source + (2 * stride)), 2);
        return Avx512F.InsertVector128(quads, Vector128.Load(source + (3 * stride)), 3);
    }
}
