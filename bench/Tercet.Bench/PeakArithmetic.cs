using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Bench;

/// <summary>
/// The most multiply-adds that the processor does: independent accumulators, more than latency × ports, held in registers. AggressiveOptimization
/// matters: in code replaced while its loop runs, the accumulators live in memory.
/// </summary>
internal static class PeakArithmetic
{
    private const int Accumulators = 12;

    private static float _lastSum;

    /// <summary>Multiplies and adds so many times in every accumulator; returns the floating-point operations done.</summary>
    public static long Run(int turns)
    {
        (Func<int, float> loop, int lanes) =
            Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? (Run512, Vector512<float>.Count)
            : Vector256.IsHardwareAccelerated && Fma.IsSupported ? (Run256, Vector256<float>.Count)
            : ((Func<int, float>)Run128, Vector128<float>.Count);

        // Kept, so that no compiler leaves out what nobody asks for.
        Volatile.Write(ref _lastSum, loop(turns));
        return 2L * Accumulators * lanes * turns;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run512(int turns)
    {
        Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(1f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; turns > 0; turns--)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run256(int turns)
    {
        Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(1f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; turns > 0; turns--)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
            k = Vector256.FusedMultiplyAdd(k, x, y);
            l = Vector256.FusedMultiplyAdd(l, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run128(int turns)
    {
        Vector128<float> x = Vector128.Create(0.5f), y = Vector128.Create(1f);
        Vector128<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (; turns > 0; turns--)
        {
            a = Vector128.FusedMultiplyAdd(a, x, y);
            b = Vector128.FusedMultiplyAdd(b, x, y);
            c = Vector128.FusedMultiplyAdd(c, x, y);
            d = Vector128.FusedMultiplyAdd(d, x, y);
            e = Vector128.FusedMultiplyAdd(e, x, y);
            f = Vector128.FusedMultiplyAdd(f, x, y);
            g = Vector128.FusedMultiplyAdd(g, x, y);
            h = Vector128.FusedMultiplyAdd(h, x, y);
            i = Vector128.FusedMultiplyAdd(i, x, y);
            j = Vector128.FusedMultiplyAdd(j, x, y);
            k = Vector128.FusedMultiplyAdd(k, x, y);
            l = Vector128.FusedMultiplyAdd(l, x, y);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
