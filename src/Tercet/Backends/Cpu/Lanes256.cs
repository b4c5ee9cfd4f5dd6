using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>256-bit vectors: AVX2 with FMA.</summary>
// SAFETY: the pointers come from the tile kernels, which keep them inside packed panels and scratch rows; operator structs are what lets one loop serve
// every width at the roof (bench/Tercet.Bench, BatchHardBenchmark).
internal readonly unsafe struct Lanes256 : ILanes<Vector256<float>>
{
    public static int Width => 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Load(float* source) => Avx.LoadVector256(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Broadcast(float* source) => Avx.BroadcastScalarToVector256(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> MultiplyAdd(Vector256<float> left, Vector256<float> right, Vector256<float> addend) => Fma.MultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Add(Vector256<float> left, Vector256<float> right) => Avx.Add(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Multiply(Vector256<float> left, Vector256<float> right) => Avx.Multiply(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Min(Vector256<float> left, Vector256<float> right) => Avx.Min(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MinLane(Vector256<float> value) => Lanes128.MinLane(Vector128.MinNative(value.GetLower(), value.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint NotAbove(Vector256<float> left, Vector256<float> right) => (uint)Avx.MoveMask(Avx.CompareLessThanOrEqual(left, right));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreTruncated(Vector256<float> value, float last, int* destination) =>
        Avx.Store(destination, Avx.ConvertToVector256Int32WithTruncation(Avx.Min(Avx.Max(value, Vector256<float>.Zero), Vector256.Create(last))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Lookup(float* table, Vector256<float> index)
    {
        Vector256<float> lower = Avx2.PermuteVar8x32(Avx.LoadVector256(table), index.AsInt32());
        Vector256<float> upper = Avx2.PermuteVar8x32(Avx.LoadVector256(table + 8), index.AsInt32());

        // The index's fourth bit, moved to where a blend looks.
        return Avx.BlendVariable(lower, upper, Avx2.ShiftLeftLogical(index.AsInt32(), 28).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> WhereNotAbove(Vector256<float> left, Vector256<float> right, Vector256<float> then, Vector256<float> otherwise) =>
        Vector256.ConditionalSelect(Vector256.LessThanOrEqual(left, right), then, otherwise);

    // The map is 128 bytes: two tables, of which the upper bit of a byte's number names one. A negative place becomes 0.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TestBits(float* keys, Vector256<float> scales, Vector256<float> offsets, uint* bits)
    {
        Vector256<ushort> front = Avx2.PackUnsignedSaturate(Bins(keys, scales, offsets), Bins(keys + Width, scales, offsets));
        Vector256<ushort> back = Avx2.PackUnsignedSaturate(Bins(keys + (2 * Width), scales, offsets), Bins(keys + (3 * Width), scales, offsets));
        Vector256<byte> place = Avx2.PackUnsignedSaturate((front >> 3).AsInt16(), (back >> 3).AsInt16());
        Vector256<byte> bit = Avx2.PackUnsignedSaturate((front & Vector256.Create((ushort)7)).AsInt16(), (back & Vector256.Create((ushort)7)).AsInt16());
        byte* map = (byte*)bits;
        Vector256<byte> sixth = (place.AsUInt16() << 1).AsByte();
        Vector256<byte> entry = Avx2.BlendVariable(PackedBytes.Lookup(map, place), PackedBytes.Lookup(map + PackedBytes.TableLength, place), sixth);
        Vector256<byte> mask = Avx2.Shuffle(Vector256.Create(0x8040201008040201UL).AsByte(), bit);
        return PackedBytes.SignsInOrder(Vector256.Equals(entry & mask, mask));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Bins(float* keys, Vector256<float> scales, Vector256<float> offsets) =>
        Avx.ConvertToVector256Int32WithTruncation(Avx.Min(MultiplyAdd(Load(keys), scales, offsets), Vector256.Create((float)KeyBins.Last)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<float> value, float* destination) => Avx.Store(destination, value);

    // Two rows, four apart, share a vector: what is transposed within each 128 bits then stands in the order of the rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransposeFour(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        Vector256<float> a = Quads(source, 4 * sourceStride);
        Vector256<float> b = Quads(source + sourceStride, 4 * sourceStride);
        Vector256<float> c = Quads(source + (2 * sourceStride), 4 * sourceStride);
        Vector256<float> d = Quads(source + (3 * sourceStride), 4 * sourceStride);
        Vector256<double> lowAb = Avx.UnpackLow(a, b).AsDouble();
        Vector256<double> lowCd = Avx.UnpackLow(c, d).AsDouble();
        Vector256<double> highAb = Avx.UnpackHigh(a, b).AsDouble();
        Vector256<double> highCd = Avx.UnpackHigh(c, d).AsDouble();
        Avx.Store(destination, Avx.UnpackLow(lowAb, lowCd).AsSingle());
        Avx.Store(destination + destinationStride, Avx.UnpackHigh(lowAb, lowCd).AsSingle());
        Avx.Store(destination + (2 * destinationStride), Avx.UnpackLow(highAb, highCd).AsSingle());
        Avx.Store(destination + (3 * destinationStride), Avx.UnpackHigh(highAb, highCd).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Quads(float* source, nint stride) => Vector256.Create(Vector128.Load(source), Vector128.Load(source + stride));
}
