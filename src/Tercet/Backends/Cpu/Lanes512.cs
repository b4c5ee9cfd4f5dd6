using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>512-bit vectors: AVX-512F.</summary>
// SAFETY: the pointers come from the tile kernels, which keep them inside packed panels and scratch rows; operator structs are what lets one loop serve
// every width at the roof (bench/Tercet.Bench, BatchHardBenchmark).
internal readonly unsafe struct Lanes512 : ILanes<Vector512<float>>
{
    public static int Width => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(float* source) => Avx512F.LoadVector512(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Broadcast(float* source) => Vector512.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> MultiplyAdd(Vector512<float> left, Vector512<float> right, Vector512<float> addend) => Avx512F.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Add(Vector512<float> left, Vector512<float> right) => Avx512F.Add(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Multiply(Vector512<float> left, Vector512<float> right) => Avx512F.Multiply(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Min(Vector512<float> left, Vector512<float> right) => Avx512F.Min(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MinLane(Vector512<float> value) => Lanes256.MinLane(Avx.Min(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint NotAbove(Vector512<float> left, Vector512<float> right) => (uint)Avx512F.CompareLessThanOrEqual(left, right).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreTruncated(Vector512<float> value, float last, int* destination) =>
        Avx512F.Store(destination, Avx512F.ConvertToVector512Int32WithTruncation(Avx512F.Min(Avx512F.Max(value, Vector512<float>.Zero), Vector512.Create(last))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Lookup(float* table, Vector512<float> index) => Avx512F.PermuteVar16x32(Avx512F.LoadVector512(table), index.AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> WhereNotAbove(Vector512<float> left, Vector512<float> right, Vector512<float> then, Vector512<float> otherwise) =>
        Vector512.ConditionalSelect(Avx512F.CompareLessThanOrEqual(left, right), then, otherwise);

    // The map is one register of 32 words: one look-up for both vectors. Packing puts four lanes of the one beside four of the other; a permutation takes them apart.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TestBits(float* keys, Vector512<float> scales, Vector512<float> offsets, uint* bits)
    {
        Vector512<float> first = MultiplyAdd(Load(keys), scales, offsets), second = MultiplyAdd(Load(keys + Width), scales, offsets);
        if (!Avx512BW.IsSupported)
            return TestBits(first, bits) | (TestBits(second, bits) << Width);
        Vector512<float> last = Vector512.Create((float)KeyBins.Last);
        Vector512<ushort> bin = Avx512BW.PackUnsignedSaturate(
            Avx512F.ConvertToVector512Int32WithTruncation(Avx512F.Min(first, last)), Avx512F.ConvertToVector512Int32WithTruncation(Avx512F.Min(second, last)));
        bin = Avx512F.PermuteVar8x64(bin.AsUInt64(), Vector512.Create(0UL, 2, 4, 6, 1, 3, 5, 7)).AsUInt16();
        Vector512<ushort> word = Avx512BW.PermuteVar32x16x2(Vector512.Load((ushort*)bits), Avx512BW.ShiftRightLogical(bin, 4), Vector512.Load((ushort*)bits + 32));
        Vector512<ushort> bit = Avx512BW.ShiftLeftLogicalVariable(Vector512<ushort>.One, bin & Vector512.Create((ushort)15));
        return (uint)Vector512.ExtractMostSignificantBits(~Vector512.Equals(word & bit, Vector512<ushort>.Zero));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint TestBits(Vector512<float> value, uint* bits)
    {
        Vector512<int> bin = Avx512F.ConvertToVector512Int32WithTruncation(Avx512F.Min(Avx512F.Max(value, Vector512<float>.Zero), Vector512.Create((float)KeyBins.Last)));
        Vector512<int> words = Avx512F.PermuteVar16x32x2(Avx512F.LoadVector512((int*)bits), Avx512F.ShiftRightLogical(bin, 5), Avx512F.LoadVector512((int*)bits + 16));
        Vector512<uint> turned = Avx512F.RotateRightVariable(words.AsUInt32(), bin.AsUInt32());
        return (uint)Vector512.ExtractMostSignificantBits(~Vector512.Equals(turned & Vector512<uint>.One, Vector512<uint>.Zero));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> value, float* destination) => Avx512F.Store(destination, value);

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
