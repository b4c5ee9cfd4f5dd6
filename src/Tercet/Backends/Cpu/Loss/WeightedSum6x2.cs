using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// The register-blocked product of weights and rows: 6 sums of 2 vectors each. It fits sixteen vector registers: 12 sums, 2 of a row and a weight.
/// </summary>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
internal static unsafe class WeightedSum6x2<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>Sums at a time.</summary>
    public const int Rows = 6;

    // SAFETY: the pointers are valid as ITermKernel.AddWeighted says. Written out so that every sum stays in a register.

    /// <inheritdoc cref="ITermKernel.AddWeighted"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* weights, nint rowStep, nint depthStep, float* rows, nint depth, float* sums, nint sumStride)
    {
        int width = TLanes.Width;
        nint step2 = 2 * rowStep, step3 = 3 * rowStep, step4 = 4 * rowStep, step5 = 5 * rowStep;
        float zero = 0;
        TVector a0 = TLanes.Broadcast(&zero), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0;
        TVector a3 = a0, b3 = a0, a4 = a0, b4 = a0, a5 = a0, b5 = a0;
        float* end = rows + (depth * 2 * width);
        int advance = 2 * 2 * width;
        for (float* last = end - advance; rows <= last; rows += advance)
        {
            Step(weights, rowStep, step2, step3, step4, step5, rows, ref a0, ref b0, ref a1, ref b1, ref a2, ref b2, ref a3, ref b3, ref a4, ref b4, ref a5, ref b5);
            weights += depthStep;
            Step(weights, rowStep, step2, step3, step4, step5, rows + (2 * width), ref a0, ref b0, ref a1, ref b1, ref a2, ref b2, ref a3, ref b3, ref a4, ref b4, ref a5, ref b5);
            weights += depthStep;
        }

        if (rows < end)
            Step(weights, rowStep, step2, step3, step4, step5, rows, ref a0, ref b0, ref a1, ref b1, ref a2, ref b2, ref a3, ref b3, ref a4, ref b4, ref a5, ref b5);

        Store(a0, b0, sums);
        Store(a1, b1, sums + sumStride);
        Store(a2, b2, sums + (2 * sumStride));
        Store(a3, b3, sums + (3 * sumStride));
        Store(a4, b4, sums + (4 * sumStride));
        Store(a5, b5, sums + (5 * sumStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Step(
        float* weights,
        nint step1,
        nint step2,
        nint step3,
        nint step4,
        nint step5,
        float* row,
        ref TVector a0,
        ref TVector b0,
        ref TVector a1,
        ref TVector b1,
        ref TVector a2,
        ref TVector b2,
        ref TVector a3,
        ref TVector b3,
        ref TVector a4,
        ref TVector b4,
        ref TVector a5,
        ref TVector b5)
    {
        TVector y0 = TLanes.Load(row), y1 = TLanes.Load(row + TLanes.Width);
        TVector w0 = TLanes.Broadcast(weights);
        a0 = TLanes.MultiplyAdd(w0, y0, a0);
        b0 = TLanes.MultiplyAdd(w0, y1, b0);
        TVector w1 = TLanes.Broadcast(weights + step1);
        a1 = TLanes.MultiplyAdd(w1, y0, a1);
        b1 = TLanes.MultiplyAdd(w1, y1, b1);
        TVector w2 = TLanes.Broadcast(weights + step2);
        a2 = TLanes.MultiplyAdd(w2, y0, a2);
        b2 = TLanes.MultiplyAdd(w2, y1, b2);
        TVector w3 = TLanes.Broadcast(weights + step3);
        a3 = TLanes.MultiplyAdd(w3, y0, a3);
        b3 = TLanes.MultiplyAdd(w3, y1, b3);
        TVector w4 = TLanes.Broadcast(weights + step4);
        a4 = TLanes.MultiplyAdd(w4, y0, a4);
        b4 = TLanes.MultiplyAdd(w4, y1, b4);
        TVector w5 = TLanes.Broadcast(weights + step5);
        a5 = TLanes.MultiplyAdd(w5, y0, a5);
        b5 = TLanes.MultiplyAdd(w5, y1, b5);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector a, TVector b, float* sums)
    {
        TLanes.Store(TLanes.Add(TLanes.Load(sums), a), sums);
        TLanes.Store(TLanes.Add(TLanes.Load(sums + TLanes.Width), b), sums + TLanes.Width);
    }
}
