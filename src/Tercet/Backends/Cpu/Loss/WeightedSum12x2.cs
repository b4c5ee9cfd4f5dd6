using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// The register-blocked product of weights and rows: 12 sums of 2 vectors each. For instruction sets with 32 vector registers: 24 sums, 2 of a row and
/// a weight. Half as many loads of rows a product as six sums at a time need, and a row's panel still stays in the first-level cache.
/// </summary>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
internal static unsafe class WeightedSum12x2<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    /// <summary>Sums at a time.</summary>
    public const int Rows = 12;

    // SAFETY: the pointers are valid as ITermKernel.AddWeighted says. Written out so that every sum stays in a register.

    /// <inheritdoc cref="ITermKernel.AddWeighted"/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* weights, nint rowStep, nint depthStep, float* rows, nint depth, float* sums, nint sumStride)
    {
        int width = TLanes.Width;
        nint step2 = 2 * rowStep;
        float* weights3 = weights + (3 * rowStep);
        float* weights6 = weights + (6 * rowStep);
        float* weights9 = weights + (9 * rowStep);
        float zero = 0;
        TVector a0 = TLanes.Broadcast(&zero), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0;
        TVector a3 = a0, b3 = a0, a4 = a0, b4 = a0, a5 = a0, b5 = a0;
        TVector a6 = a0, b6 = a0, a7 = a0, b7 = a0, a8 = a0, b8 = a0;
        TVector a9 = a0, b9 = a0, a10 = a0, b10 = a0, a11 = a0, b11 = a0;
        float* end = rows + (depth * 2 * width);
        for (; rows < end; rows += 2 * width)
        {
            TVector y0 = TLanes.Load(rows), y1 = TLanes.Load(rows + width);
            TVector w0 = TLanes.Broadcast(weights);
            a0 = TLanes.MultiplyAdd(w0, y0, a0);
            b0 = TLanes.MultiplyAdd(w0, y1, b0);
            TVector w1 = TLanes.Broadcast(weights + rowStep);
            a1 = TLanes.MultiplyAdd(w1, y0, a1);
            b1 = TLanes.MultiplyAdd(w1, y1, b1);
            TVector w2 = TLanes.Broadcast(weights + step2);
            a2 = TLanes.MultiplyAdd(w2, y0, a2);
            b2 = TLanes.MultiplyAdd(w2, y1, b2);
            TVector w3 = TLanes.Broadcast(weights3);
            a3 = TLanes.MultiplyAdd(w3, y0, a3);
            b3 = TLanes.MultiplyAdd(w3, y1, b3);
            TVector w4 = TLanes.Broadcast(weights3 + rowStep);
            a4 = TLanes.MultiplyAdd(w4, y0, a4);
            b4 = TLanes.MultiplyAdd(w4, y1, b4);
            TVector w5 = TLanes.Broadcast(weights3 + step2);
            a5 = TLanes.MultiplyAdd(w5, y0, a5);
            b5 = TLanes.MultiplyAdd(w5, y1, b5);
            TVector w6 = TLanes.Broadcast(weights6);
            a6 = TLanes.MultiplyAdd(w6, y0, a6);
            b6 = TLanes.MultiplyAdd(w6, y1, b6);
            TVector w7 = TLanes.Broadcast(weights6 + rowStep);
            a7 = TLanes.MultiplyAdd(w7, y0, a7);
            b7 = TLanes.MultiplyAdd(w7, y1, b7);
            TVector w8 = TLanes.Broadcast(weights6 + step2);
            a8 = TLanes.MultiplyAdd(w8, y0, a8);
            b8 = TLanes.MultiplyAdd(w8, y1, b8);
            TVector w9 = TLanes.Broadcast(weights9);
            a9 = TLanes.MultiplyAdd(w9, y0, a9);
            b9 = TLanes.MultiplyAdd(w9, y1, b9);
            TVector w10 = TLanes.Broadcast(weights9 + rowStep);
            a10 = TLanes.MultiplyAdd(w10, y0, a10);
            b10 = TLanes.MultiplyAdd(w10, y1, b10);
            TVector w11 = TLanes.Broadcast(weights9 + step2);
            a11 = TLanes.MultiplyAdd(w11, y0, a11);
            b11 = TLanes.MultiplyAdd(w11, y1, b11);
            weights += depthStep;
            weights3 += depthStep;
            weights6 += depthStep;
            weights9 += depthStep;
        }

        Store(a0, b0, sums);
        Store(a1, b1, sums + sumStride);
        Store(a2, b2, sums + (2 * sumStride));
        Store(a3, b3, sums + (3 * sumStride));
        Store(a4, b4, sums + (4 * sumStride));
        Store(a5, b5, sums + (5 * sumStride));
        Store(a6, b6, sums + (6 * sumStride));
        Store(a7, b7, sums + (7 * sumStride));
        Store(a8, b8, sums + (8 * sumStride));
        Store(a9, b9, sums + (9 * sumStride));
        Store(a10, b10, sums + (10 * sumStride));
        Store(a11, b11, sums + (11 * sumStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector a, TVector b, float* sums)
    {
        TLanes.Store(TLanes.Add(TLanes.Load(sums), a), sums);
        TLanes.Store(TLanes.Add(TLanes.Load(sums + TLanes.Width), b), sums + TLanes.Width);
    }
}
