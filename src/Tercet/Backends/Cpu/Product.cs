using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary><c>x·y</c>.</summary>
internal readonly struct Product : IPairTerm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Add(Vector512<double> sum, Vector512<double> x, Vector512<double> y) => Vector512.FusedMultiplyAdd(x, y, sum);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Of(double x, double y) => x * y;
}
