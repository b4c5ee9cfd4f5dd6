namespace Tercet.Backends.Cpu.Search;

/// <summary>Scalar arithmetic, for machines without vectors and as the reference in tests.</summary>
// SAFETY: as for the vector widths; the pointers come from the scans.
internal readonly unsafe struct ScanLanesScalar : IScanLanes<FourFloats, FourInts>
{
    public static FourInts Zero => default;

    public static float Sum(FourFloats value) => value.A + value.B + value.C + value.D;

    public static FourInts Add(FourInts left, FourInts right) => new(left.A + right.A, left.B + right.B, left.C + right.C, left.D + right.D);

    public static FourInts MultiplyPairs(sbyte* codes, int* pair)
    {
        int low = (short)*pair;
        int high = *pair >> 16;
        return new FourInts(
            (codes[0] * low) + (codes[1] * high),
            (codes[2] * low) + (codes[3] * high),
            (codes[4] * low) + (codes[5] * high),
            (codes[6] * low) + (codes[7] * high));
    }

    public static FourFloats ToFloats(FourInts value) => new(value.A, value.B, value.C, value.D);
}
