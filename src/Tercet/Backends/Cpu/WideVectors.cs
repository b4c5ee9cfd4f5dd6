using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary>
/// What .NET makes a loop through memory of, element by element, where the processor has no vectors of 512 bits: the same results by halves, which are instructions.
/// </summary>
internal static class WideVectors
{
    /// <summary>0, 1, … 15.</summary>
    public static Vector512<int> Indices => Vector512.Create(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

    /// <summary>Each double rounded to a float, those of <paramref name="lower"/> first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Narrow(Vector512<double> lower, Vector512<double> upper) => Vector512.IsHardwareAccelerated
        ? Vector512.Narrow(lower, upper)
        : Vector512.Create(Vector256.Narrow(lower.GetLower(), lower.GetUpper()), Vector256.Narrow(upper.GetLower(), upper.GetUpper()));

    /// <summary>The sum of all lanes: neighbours first, then pairs of neighbours, and so on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sum(Vector512<double> lanes)
    {
        if (!Vector512.IsHardwareAccelerated)
        {
            return SumPair(lanes.GetLower().GetLower()) + SumPair(lanes.GetLower().GetUpper())
                + (SumPair(lanes.GetUpper().GetLower()) + SumPair(lanes.GetUpper().GetUpper()));
        }

        Vector512<double> pairs = lanes + Vector512.Shuffle(lanes, Vector512.Create(1L, 0, 3, 2, 5, 4, 7, 6));
        Vector256<double> lower = pairs.GetLower(), upper = pairs.GetUpper();
        return (lower.GetLower() + lower.GetUpper() + (upper.GetLower() + upper.GetUpper())).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double SumPair(Vector128<double> pair) => pair[0] + pair[1];
}
