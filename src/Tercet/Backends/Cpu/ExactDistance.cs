using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Sums of products in float64, in one fixed order on every machine: two sums of eight lanes over the dimensions, then the lanes, then the rest.
/// </summary>
internal static unsafe class ExactDistance
{
    // SAFETY: both pointers are valid for depth floats. These sums decide every near tie, a few per anchor, each over a whole row.

    /// <summary><c>Σ (x − y)²</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredEuclidean(float* x, float* y, int depth)
    {
        Vector512<double> even = Vector512<double>.Zero;
        Vector512<double> odd = Vector512<double>.Zero;
        int k = 0;
        for (; k + 16 <= depth; k += 16)
        {
            Vector512<double> d0 = Widen(x + k) - Widen(y + k);
            Vector512<double> d1 = Widen(x + k + 8) - Widen(y + k + 8);
            even = Vector512.FusedMultiplyAdd(d0, d0, even);
            odd = Vector512.FusedMultiplyAdd(d1, d1, odd);
        }

        double total = Vector512.Sum(even + odd);
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
        Vector512<double> even = Vector512<double>.Zero;
        Vector512<double> odd = Vector512<double>.Zero;
        int k = 0;
        for (; k + 16 <= depth; k += 16)
        {
            even = Vector512.FusedMultiplyAdd(Widen(x + k), Widen(y + k), even);
            odd = Vector512.FusedMultiplyAdd(Widen(x + k + 8), Widen(y + k + 8), odd);
        }

        double total = Vector512.Sum(even + odd);
        for (; k < depth; k++)
            total += (double)x[k] * y[k];
        return total;
    }

    /// <summary><c>Σ (x − y)²</c>, x widened: the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredEuclidean(double* x, float* y, int depth)
    {
        Vector512<double> even = Vector512<double>.Zero;
        Vector512<double> odd = Vector512<double>.Zero;
        int k = 0;
        for (; k + 16 <= depth; k += 16)
        {
            Vector512<double> d0 = Vector512.Load(x + k) - Widen(y + k);
            Vector512<double> d1 = Vector512.Load(x + k + 8) - Widen(y + k + 8);
            even = Vector512.FusedMultiplyAdd(d0, d0, even);
            odd = Vector512.FusedMultiplyAdd(d1, d1, odd);
        }

        double total = Vector512.Sum(even + odd);
        for (; k < depth; k++)
        {
            double difference = x[k] - y[k];
            total += difference * difference;
        }

        return total;
    }

    /// <summary><c>Σ x·y</c>, x widened: the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Dot(double* x, float* y, int depth)
    {
        Vector512<double> even = Vector512<double>.Zero;
        Vector512<double> odd = Vector512<double>.Zero;
        int k = 0;
        for (; k + 16 <= depth; k += 16)
        {
            even = Vector512.FusedMultiplyAdd(Vector512.Load(x + k), Widen(y + k), even);
            odd = Vector512.FusedMultiplyAdd(Vector512.Load(x + k + 8), Widen(y + k + 8), odd);
        }

        double total = Vector512.Sum(even + odd);
        for (; k < depth; k++)
            total += x[k] * y[k];
        return total;
    }

    /// <summary><c>Σ (x − y)²</c> of rows that <see cref="Widen(float*, double*, int)"/> has widened: the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double SquaredEuclidean(double* x, double* y, int depth)
    {
        Vector512<double> even = Vector512<double>.Zero;
        Vector512<double> odd = Vector512<double>.Zero;
        int k = 0;
        for (; k + 16 <= depth; k += 16)
        {
            Vector512<double> d0 = Vector512.Load(x + k) - Vector512.Load(y + k);
            Vector512<double> d1 = Vector512.Load(x + k + 8) - Vector512.Load(y + k + 8);
            even = Vector512.FusedMultiplyAdd(d0, d0, even);
            odd = Vector512.FusedMultiplyAdd(d1, d1, odd);
        }

        double total = Vector512.Sum(even + odd);
        for (; k < depth; k++)
        {
            double difference = x[k] - y[k];
            total += difference * difference;
        }

        return total;
    }

    /// <summary><c>Σ x·y</c> of rows that <see cref="Widen(float*, double*, int)"/> has widened: the same bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Dot(double* x, double* y, int depth)
    {
        Vector512<double> even = Vector512<double>.Zero;
        Vector512<double> odd = Vector512<double>.Zero;
        int k = 0;
        for (; k + 16 <= depth; k += 16)
        {
            even = Vector512.FusedMultiplyAdd(Vector512.Load(x + k), Vector512.Load(y + k), even);
            odd = Vector512.FusedMultiplyAdd(Vector512.Load(x + k + 8), Vector512.Load(y + k + 8), odd);
        }

        double total = Vector512.Sum(even + odd);
        for (; k < depth; k++)
            total += x[k] * y[k];
        return total;
    }

    /// <summary>Widens a row, for sums with many others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(float* row, double* wide, int depth)
    {
        int k = 0;
        for (; k + 8 <= depth; k += 8)
            Widen(row + k).Store(wide + k);
        for (; k < depth; k++)
            wide[k] = row[k];
    }

    /// <summary><c>sum += weight · x</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float* x, double weight, Span<double> sum)
    {
        fixed (double* target = sum)
        {
            Vector512<double> scale = Vector512.Create(weight);
            int k = 0;
            for (; k + 8 <= sum.Length; k += 8)
                (Vector512.Load(target + k) + (Widen(x + k) * scale)).Store(target + k);
            for (; k < sum.Length; k++)
                target[k] += weight * x[k];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Widen(float* source)
    {
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector512Double(Vector256.Load(source));
        (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Vector256.Load(source));
        return Vector512.Create(lower, upper);
    }
}
