using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu.Search;

/// <summary>Scalar arithmetic, for machines without vectors and as the reference in tests.</summary>
// SAFETY: as for the vector widths; the pointers come from the scans.
internal readonly unsafe struct ScanLanesScalar : IScanLanes<FourFloats, FourInts>
{
    public static Vector128<float> SumLanes(FourFloats sum0, FourFloats sum1, FourFloats sum2, FourFloats sum3) =>
        Vector128.Create(Sum(sum0), Sum(sum1), Sum(sum2), Sum(sum3));

    public static FourInts Load(byte* codes) => *(FourInts*)codes;

    public static FourInts Broadcast(int* source) => new(*source, *source, *source, *source);

    public static FourInts FirstSum(int* minusOffset) => Broadcast(minusOffset);

    public static FourInts AddProducts(FourInts sum, FourInts rows0, FourInts query0, FourInts rows1, FourInts query1, FourInts ones) => new(
        sum.A + Products(rows0.A, query0.A) + Products(rows1.A, query1.A),
        sum.B + Products(rows0.B, query0.B) + Products(rows1.B, query1.B),
        sum.C + Products(rows0.C, query0.C) + Products(rows1.C, query1.C),
        sum.D + Products(rows0.D, query0.D) + Products(rows1.D, query1.D));

    public static FourFloats ToFloats(FourInts value) => new(value.A, value.B, value.C, value.D);

    private static int Products(int row, int query) =>
        ((byte)row * (sbyte)query) + ((byte)(row >> 8) * (sbyte)(query >> 8)) + ((byte)(row >> 16) * (sbyte)(query >> 16)) + ((byte)(row >> 24) * (sbyte)(query >> 24));

    private static float Sum(FourFloats value) => value.A + value.B + value.C + value.D;
}
