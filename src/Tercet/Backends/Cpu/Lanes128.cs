using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary>128-bit vectors: SSE with FMA, or Arm64 AdvSimd.</summary>
// SAFETY: the pointers come from the tile kernels, which keep them inside packed panels and scratch rows; operator structs are what lets one loop serve
// every width at the roof (bench/Tercet.Bench, BatchHardBenchmark).
internal readonly unsafe struct Lanes128 : ILanes<Vector128<float>>
{
    public static int Width => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Broadcast(float* source) => Vector128.Create(*source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> MultiplyAdd(Vector128<float> left, Vector128<float> right, Vector128<float> addend) => Vector128.FusedMultiplyAdd(left, right, addend);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Add(Vector128<float> left, Vector128<float> right) => Vector128.Add(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Multiply(Vector128<float> left, Vector128<float> right) => Vector128.Multiply(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Min(Vector128<float> left, Vector128<float> right) => Vector128.MinNative(left, right);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MinLane(Vector128<float> value) => float.MinNative(float.MinNative(value[0], value[1]), float.MinNative(value[2], value[3]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint NotAbove(Vector128<float> left, Vector128<float> right) => Vector128.LessThanOrEqual(left, right).ExtractMostSignificantBits();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreTruncated(Vector128<float> value, float last, int* destination) =>
        Vector128.ConvertToInt32Native(Vector128.MinNative(Vector128.MaxNative(value, Vector128<float>.Zero), Vector128.Create(last))).Store(destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Lookup(float* table, Vector128<float> index)
    {
        Vector128<int> entries = index.AsInt32() & Vector128.Create(15);
        return Vector128.Create(table[entries[0]], table[entries[1]], table[entries[2]], table[entries[3]]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> WhereNotAbove(Vector128<float> left, Vector128<float> right, Vector128<float> then, Vector128<float> otherwise) =>
        Vector128.ConditionalSelect(Vector128.LessThanOrEqual(left, right), then, otherwise);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TestBits(float* keys, Vector128<float> scales, Vector128<float> offsets, uint* bits) =>
        LanesScalar.TestBits<Lanes128, Vector128<float>>(keys, scales, offsets, bits);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<float> value, float* destination) => Vector128.Store(value, destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void TransposeFour(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        for (int column = 0; column < 4; column++)
        {
            float* first = source + column;
            Vector128.Create(*first, first[sourceStride], first[2 * sourceStride], first[3 * sourceStride]).Store(destination + (column * destinationStride));
        }
    }
}
