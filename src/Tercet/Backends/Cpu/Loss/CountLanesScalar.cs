namespace Tercet.Backends.Cpu.Loss;

/// <summary>Scalar arithmetic, for machines without vectors and as the reference in tests.</summary>
// SAFETY: as for the vector widths; the pointers come from the term kernel.
internal readonly unsafe struct CountLanesScalar : ICountLanes<FourFloats>
{
    public static FourFloats SquareRoot(FourFloats value) => new(MathF.Sqrt(value.A), MathF.Sqrt(value.B), MathF.Sqrt(value.C), MathF.Sqrt(value.D));

    public static FourFloats Divide(FourFloats left, FourFloats right) => new(left.A / right.A, left.B / right.B, left.C / right.C, left.D / right.D);

    public static double Sum(FourFloats value) => ((double)value.A + value.B) + ((double)value.C + value.D);
}
