using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Sums of products in float64, in one fixed order on every machine: two sums of eight lanes over the dimensions, each product fused with its addition,
/// then the lanes, then the rest one by one, nothing fused. The CUDA kernels sum in the same order.
/// </summary>
internal static unsafe class ExactDistance
{
    // SAFETY: both pointers are valid for depth values. These sums decide every near tie, a few per anchor, each over a whole row.

    /// <summary><c>Σ (x − y)²</c>.</summary>
    public static double SquaredEuclidean(float* x, float* y, int depth) => Sum<SquaredDifference, NarrowRow, NarrowRow>(x, y, depth);

    /// <summary><c>Σ (x − y)²</c>, x widened: the same bits.</summary>
    public static double SquaredEuclidean(double* x, float* y, int depth) => Sum<SquaredDifference, WideRow, NarrowRow>(x, y, depth);

    /// <summary><c>Σ (x − y)²</c>, both widened: the same bits.</summary>
    public static double SquaredEuclidean(double* x, double* y, int depth) => Sum<SquaredDifference, WideRow, WideRow>(x, y, depth);

    /// <summary><c>Σ x·y</c>.</summary>
    public static double Dot(float* x, float* y, int depth) => Sum<Product, NarrowRow, NarrowRow>(x, y, depth);

    /// <summary><c>Σ x·y</c>, x widened: the same bits.</summary>
    public static double Dot(double* x, float* y, int depth) => Sum<Product, WideRow, NarrowRow>(x, y, depth);

    /// <summary><c>Σ x·y</c>, both widened: the same bits.</summary>
    public static double Dot(double* x, double* y, int depth) => Sum<Product, WideRow, WideRow>(x, y, depth);

    /// <summary><c>Σ (x − y)²</c> of two rows of one length: the same bits.</summary>
    public static double SquaredEuclidean(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, y.Length);
        fixed (float* first = x, second = y)
            return SquaredEuclidean(first, second, x.Length);
    }

    /// <summary><c>Σ x·y</c> of two rows of one length: the same bits.</summary>
    public static double Dot(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, y.Length);
        fixed (float* first = x, second = y)
            return Dot(first, second, x.Length);
    }

    /// <summary>Widens a row, for sums with many others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Widen(float* row, double* wide, int depth)
    {
        int k = 0;
        for (; k + 8 <= depth; k += 8)
            NarrowRow.Load(row, k).Store(wide + k);
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
                (Vector512.Load(target + k) + (NarrowRow.Load(x, k) * scale)).Store(target + k);
            for (; k < sum.Length; k++)
                target[k] += weight * x[k];
        }
    }

    /// <summary><c>sum += weight · x</c>, of one length.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, double weight, Span<double> sum)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x.Length, sum.Length);
        fixed (float* first = x)
            AddScaled(first, weight, sum);
    }

    /// <summary><c>sum += x</c>.</summary>
    public static void Add(ReadOnlySpan<float> x, Span<double> sum) => AddScaled(x, 1, sum);

    /// <summary><c>sum += x</c> of four rows of one length, one after the other, and each row's <c>x·x</c>: the bits of <see cref="Add"/> and <see cref="Dot(ReadOnlySpan{float}, ReadOnlySpan{float})"/>, every value widened once.</summary>
    public static void AddFour(ReadOnlySpan<float> x0, ReadOnlySpan<float> x1, ReadOnlySpan<float> x2, ReadOnlySpan<float> x3, Span<double> sum, Span<double> squares)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(x0.Length, sum.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x1.Length, sum.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x2.Length, sum.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(x3.Length, sum.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(squares.Length, 4);
        fixed (float* first = x0, second = x1, third = x2, fourth = x3)
        fixed (double* sums = sum, squared = squares)
            AddFour(first, second, third, fourth, sum.Length, sums, squared);
    }

    /// <summary><c>y = x / ‖x‖</c> in float64, each component rounded to float32 at the end; zeros stay zeros. Both may be the same row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScaleToUnit(ReadOnlySpan<float> x, Span<float> y)
    {
        double norm = Math.Sqrt(Dot(x, x));
        double factor = norm == 0 ? 1 : 1 / norm;
        fixed (float* source = x, target = y)
        {
            Vector512<double> scale = Vector512.Create(factor);
            int k = 0;
            for (; k + 16 <= y.Length; k += 16)
                WideVectors.Narrow(NarrowRow.Load(source, k) * scale, NarrowRow.Load(source, k + 8) * scale).Store(target + k);
            for (; k < y.Length; k++)
                target[k] = (float)(source[k] * factor);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour(float* x0, float* x1, float* x2, float* x3, int depth, double* sum, double* squares)
    {
        Vector512<double> even0 = Vector512<double>.Zero, even1 = even0, even2 = even0, even3 = even0;
        Vector512<double> odd0 = even0, odd1 = even0, odd2 = even0, odd3 = even0;
        int k = 0;
        for (; k + 16 <= depth; k += 16)
        {
            Vector512<double> lower = Vector512.Load(sum + k), upper = Vector512.Load(sum + k + 8);
            AddSquares(x0 + k, ref lower, ref upper, ref even0, ref odd0);
            AddSquares(x1 + k, ref lower, ref upper, ref even1, ref odd1);
            AddSquares(x2 + k, ref lower, ref upper, ref even2, ref odd2);
            AddSquares(x3 + k, ref lower, ref upper, ref even3, ref odd3);
            lower.Store(sum + k);
            upper.Store(sum + k + 8);
        }

        squares[0] = WideVectors.Sum(even0 + odd0);
        squares[1] = WideVectors.Sum(even1 + odd1);
        squares[2] = WideVectors.Sum(even2 + odd2);
        squares[3] = WideVectors.Sum(even3 + odd3);
        for (; k < depth; k++)
        {
            double v0 = x0[k], v1 = x1[k], v2 = x2[k], v3 = x3[k];
            squares[0] += v0 * v0;
            squares[1] += v1 * v1;
            squares[2] += v2 * v2;
            squares[3] += v3 * v3;
            sum[k] = sum[k] + v0 + v1 + v2 + v3;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddSquares(float* x, ref Vector512<double> lower, ref Vector512<double> upper, ref Vector512<double> even, ref Vector512<double> odd)
    {
        Vector512<double> first = NarrowRow.Load(x, 0), second = NarrowRow.Load(x, 8);
        lower += first;
        upper += second;
        even = Product.Add(even, first, first);
        odd = Product.Add(odd, second, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Sum<TTerm, TX, TY>(void* x, void* y, int depth)
        where TTerm : struct, IPairTerm
        where TX : struct, IExactRow
        where TY : struct, IExactRow
    {
        Vector512<double> even = Vector512<double>.Zero;
        Vector512<double> odd = Vector512<double>.Zero;
        nint count = depth, k = 0;
        for (; k + 16 <= count; k += 16)
        {
            even = TTerm.Add(even, TX.Load(x, k), TY.Load(y, k));
            odd = TTerm.Add(odd, TX.Load(x, k + 8), TY.Load(y, k + 8));
        }

        double total = WideVectors.Sum(even + odd);
        for (; k < count; k++)
            total += TTerm.Of(TX.At(x, k), TY.At(y, k));
        return total;
    }
}
