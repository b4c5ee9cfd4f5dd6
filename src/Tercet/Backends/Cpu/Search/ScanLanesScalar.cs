namespace Tercet.Backends.Cpu.Search;

/// <summary>Scalar arithmetic, for machines without vectors and as the reference in tests.</summary>
// SAFETY: as for the vector widths; the pointers come from the scans.
internal readonly unsafe struct ScanLanesScalar : IScanLanes<FourFloats, FourInts>
{
    public static FourInts Zero => default;

    public static void StoreScores(FourFloats sum0, FourFloats sum1, FourFloats sum2, FourFloats sum3, float* factors, float* biases, float* scores)
    {
        scores[0] = MathF.FusedMultiplyAdd(factors[0], Sum(sum0), biases[0]);
        scores[1] = MathF.FusedMultiplyAdd(factors[1], Sum(sum1), biases[1]);
        scores[2] = MathF.FusedMultiplyAdd(factors[2], Sum(sum2), biases[2]);
        scores[3] = MathF.FusedMultiplyAdd(factors[3], Sum(sum3), biases[3]);
    }

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

    private static float Sum(FourFloats value) => value.A + value.B + value.C + value.D;
}
