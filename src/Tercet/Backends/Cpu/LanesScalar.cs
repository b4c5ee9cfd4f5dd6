using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>Four plain floats in a row: the reference for the vector widths, readable by eye.</summary>
internal readonly record struct FourFloats(float A, float B, float C, float D);

/// <summary>Scalar arithmetic, for machines without vectors and as the reference in tests.</summary>
// SAFETY: as for the vector widths; the pointers come from the tile kernels.
internal readonly unsafe struct LanesScalar : ILanes<FourFloats>
{
    public static int Width => 4;

    public static FourFloats Load(float* source) => new(source[0], source[1], source[2], source[3]);

    public static FourFloats Broadcast(float* source) => new(*source, *source, *source, *source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static FourFloats MultiplyAdd(FourFloats left, FourFloats right, FourFloats addend) => new(
        MathF.FusedMultiplyAdd(left.A, right.A, addend.A),
        MathF.FusedMultiplyAdd(left.B, right.B, addend.B),
        MathF.FusedMultiplyAdd(left.C, right.C, addend.C),
        MathF.FusedMultiplyAdd(left.D, right.D, addend.D));

    public static FourFloats Add(FourFloats left, FourFloats right) =>
        new(left.A + right.A, left.B + right.B, left.C + right.C, left.D + right.D);

    public static FourFloats Multiply(FourFloats left, FourFloats right) =>
        new(left.A * right.A, left.B * right.B, left.C * right.C, left.D * right.D);

    public static FourFloats Min(FourFloats left, FourFloats right) =>
        new(Math.Min(left.A, right.A), Math.Min(left.B, right.B), Math.Min(left.C, right.C), Math.Min(left.D, right.D));

    public static float MinLane(FourFloats value) => Math.Min(Math.Min(value.A, value.B), Math.Min(value.C, value.D));

    public static uint NotAbove(FourFloats left, FourFloats right) =>
        (left.A <= right.A ? 1u : 0) | (left.B <= right.B ? 2u : 0) | (left.C <= right.C ? 4u : 0) | (left.D <= right.D ? 8u : 0);

    public static FourFloats Lookup(float* table, FourFloats index) =>
        new(table[Entry(index.A)], table[Entry(index.B)], table[Entry(index.C)], table[Entry(index.D)]);

    public static FourFloats WhereNotAbove(FourFloats left, FourFloats right, FourFloats then, FourFloats otherwise) => new(
        left.A <= right.A ? then.A : otherwise.A,
        left.B <= right.B ? then.B : otherwise.B,
        left.C <= right.C ? then.C : otherwise.C,
        left.D <= right.D ? then.D : otherwise.D);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TestBits(float* keys, FourFloats scales, FourFloats offsets, uint* bits) => TestBits<LanesScalar, FourFloats>(keys, scales, offsets, bits);

    /// <summary>What <see cref="ILanes{TVector}.TestBits"/> does, one bit after the other, for widths of four lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint TestBits<TLanes, TVector>(float* keys, TVector scales, TVector offsets, uint* bits)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
    {
        int* bins = stackalloc int[Width];
        uint found = 0;
        for (int i = 0; i < 32; i += Width)
        {
            TLanes.StoreTruncated(TLanes.MultiplyAdd(TLanes.Load(keys + i), scales, offsets), KeyBins.Last, bins);
            found |= (Bit(bins[0], bits) | (Bit(bins[1], bits) << 1) | (Bit(bins[2], bits) << 2) | (Bit(bins[3], bits) << 3)) << i;
        }

        return found;
    }

    public static void StoreTruncated(FourFloats value, float last, int* destination)
    {
        destination[0] = (int)Math.Clamp(value.A, 0, last);
        destination[1] = (int)Math.Clamp(value.B, 0, last);
        destination[2] = (int)Math.Clamp(value.C, 0, last);
        destination[3] = (int)Math.Clamp(value.D, 0, last);
    }

    public static void Store(FourFloats value, float* destination)
    {
        destination[0] = value.A;
        destination[1] = value.B;
        destination[2] = value.C;
        destination[3] = value.D;
    }

    private static int Entry(float index) => BitConverter.SingleToInt32Bits(index) & 15;

    private static uint Bit(int bin, uint* bits) => (bits[bin >> 5] >> (bin & 31)) & 1;

    public static void TransposeFour(float* source, nint sourceStride, float* destination, nint destinationStride)
    {
        for (int row = 0; row < 4; row++)
        {
            for (int column = 0; column < 4; column++)
                destination[(column * destinationStride) + row] = source[(row * sourceStride) + column];
        }
    }
}
