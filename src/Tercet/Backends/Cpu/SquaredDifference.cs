using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary><c>(x − y)²</c>.</summary>
internal readonly struct SquaredDifference : IPairTerm
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Add(Vector512<double> sum, Vector512<double> x, Vector512<double> y)
    {
        Vector512<double> difference = x - y;
        return Vector512.FusedMultiplyAdd(difference, difference, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Of(double x, double y)
    {
        double difference = x - y;
        return difference * difference;
    }
}
