using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Sums of products in float64, in one fixed order on every machine: eight lanes over the dimensions, then the lanes pairwise, then the rest.
/// </summary>
internal static unsafe class ExactDistance
{
    // SAFETY: both pointers are valid for depth floats. These sums decide every near tie, a few per anchor, each over a whole row.

    /// <summary><c>Σ (x − y)²</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredEuclidean(float* x, float* y, int depth)
    {
        Vector512<double> sum = Vector512<double>.Zero;
        int k = 0;
        for (; k + 8 <= depth; k += 8)
        {
            Vector512<double> difference = Widen(x + k) - Widen(y + k);
            sum += difference * difference;
        }

        double total = Vector512.Sum(sum);
        for (; k < depth; k++)
        {
            double difference = (double)x[k] - y[k];
            total += difference * difference;
        }

        return total;
    }

    /// <summary><c>Σ x·y</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Dot(float* x, float* y, int depth)
    {
        Vector512<double> sum = Vector512<double>.Zero;
        int k = 0;
        for (; k + 8 <= depth; k += 8)
            sum += Widen(x + k) * Widen(y + k);

        double total = Vector512.Sum(sum);
        for (; k < depth; k++)
            total += (double)x[k] * y[k];
        return total;
    }

    /// <summary><c>sum += weight · x</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float* x, float weight, Span<double> sum)
    {
        fixed (double* target = sum)
        {
            Vector512<double> scale = Vector512.Create((double)weight);
            int k = 0;
            for (; k + 8 <= sum.Length; k += 8)
                (Vector512.Load(target + k) + (Widen(x + k) * scale)).Store(target + k);
            for (; k < sum.Length; k++)
                target[k] += (double)weight * x[k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<double> Widen(float* source)
    {
        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Vector256.Load(source));
        return Vector512.Create(lower, upper);
    }
}
