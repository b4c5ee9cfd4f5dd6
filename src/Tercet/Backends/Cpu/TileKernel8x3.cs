using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The register-blocked tile kernel of 8 rows by 3 vectors. For instruction sets with 32 vector registers: 24 accumulators, 3 columns and 1 broadcast.
/// </summary>
/// <remarks>
/// For row r of the tile and column j: <c>keys[r, j] = scale × (x·y − (‖x‖² + ‖y‖²) / 2)</c>, the products accumulated in float32, one dimension
/// after the other, and the norms added last. With scale −2 that is the squared distance, with scale −1 and rows of unit norm the cosine distance.
/// </remarks>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
/// <typeparam name="TStart">What a key starts from.</typeparam>
internal static unsafe class TileKernel8x3<TLanes, TVector, TStart>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TStart : struct, IKeyStart
{
    // SAFETY: rows and columns point into packed panels of depth × (3 × width) floats, the norms into arrays padded to whole panels, and keys to 8 rows
    // of at least 3 × width floats, keysStride apart. Written out so that every accumulator stays in a register.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(float* rows, float* columns, nint slab, nint depth, float* ahead, float* rowHalfNorms, float* columnHalfNorms, float scale, float* keys, nint keysStride)
    {
        int width = TLanes.Width;
        nint panel = 3 * width;
        float zero = 0;
        TVector a0 = TLanes.Broadcast(&zero), b0 = a0, c0 = a0;
        TVector a1 = TLanes.Broadcast(&zero), b1 = a1, c1 = a1;
        TVector a2 = TLanes.Broadcast(&zero), b2 = a2, c2 = a2;
        TVector a3 = TLanes.Broadcast(&zero), b3 = a3, c3 = a3;
        TVector a4 = TLanes.Broadcast(&zero), b4 = a4, c4 = a4;
        TVector a5 = TLanes.Broadcast(&zero), b5 = a5, c5 = a5;
        TVector a6 = TLanes.Broadcast(&zero), b6 = a6, c6 = a6;
        TVector a7 = TLanes.Broadcast(&zero), b7 = a7, c7 = a7;

        float* end = columns + (depth * panel);
        for (; columns < end; columns += panel, rows += panel)
        {
            TVector y0 = TLanes.Load(columns), y1 = TLanes.Load(columns + width), y2 = TLanes.Load(columns + (2 * width));

            // Half a line a dimension is a tile's share of the next panel.
            Ahead.Line(ahead);
            ahead += 8;
            TVector x0 = TLanes.Broadcast(rows + 0);
            a0 = TLanes.MultiplyAdd(x0, y0, a0);
            b0 = TLanes.MultiplyAdd(x0, y1, b0);
            c0 = TLanes.MultiplyAdd(x0, y2, c0);
            TVector x1 = TLanes.Broadcast(rows + 1);
            a1 = TLanes.MultiplyAdd(x1, y0, a1);
            b1 = TLanes.MultiplyAdd(x1, y1, b1);
            c1 = TLanes.MultiplyAdd(x1, y2, c1);
            TVector x2 = TLanes.Broadcast(rows + 2);
            a2 = TLanes.MultiplyAdd(x2, y0, a2);
            b2 = TLanes.MultiplyAdd(x2, y1, b2);
            c2 = TLanes.MultiplyAdd(x2, y2, c2);
            TVector x3 = TLanes.Broadcast(rows + 3);
            a3 = TLanes.MultiplyAdd(x3, y0, a3);
            b3 = TLanes.MultiplyAdd(x3, y1, b3);
            c3 = TLanes.MultiplyAdd(x3, y2, c3);
            TVector x4 = TLanes.Broadcast(rows + 4);
            a4 = TLanes.MultiplyAdd(x4, y0, a4);
            b4 = TLanes.MultiplyAdd(x4, y1, b4);
            c4 = TLanes.MultiplyAdd(x4, y2, c4);
            TVector x5 = TLanes.Broadcast(rows + 5);
            a5 = TLanes.MultiplyAdd(x5, y0, a5);
            b5 = TLanes.MultiplyAdd(x5, y1, b5);
            c5 = TLanes.MultiplyAdd(x5, y2, c5);
            TVector x6 = TLanes.Broadcast(rows + 6);
            a6 = TLanes.MultiplyAdd(x6, y0, a6);
            b6 = TLanes.MultiplyAdd(x6, y1, b6);
            c6 = TLanes.MultiplyAdd(x6, y2, c6);
            TVector x7 = TLanes.Broadcast(rows + 7);
            a7 = TLanes.MultiplyAdd(x7, y0, a7);
            b7 = TLanes.MultiplyAdd(x7, y1, b7);
            c7 = TLanes.MultiplyAdd(x7, y2, c7);
        }

        TVector factor = TLanes.Broadcast(&scale);
        float minusScale = -scale;
        TVector minusFactor = TLanes.Broadcast(&minusScale);
        TVector n0 = TLanes.Multiply(TLanes.Load(columnHalfNorms), minusFactor);
        TVector n1 = TLanes.Multiply(TLanes.Load(columnHalfNorms + width), minusFactor);
        TVector n2 = TLanes.Multiply(TLanes.Load(columnHalfNorms + (2 * width)), minusFactor);
        TVector m0 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 0), minusFactor);
        Store(a0, b0, c0, factor, TLanes.Add(m0, n0), TLanes.Add(m0, n1), TLanes.Add(m0, n2), keys);
        TVector m1 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 1), minusFactor);
        Store(a1, b1, c1, factor, TLanes.Add(m1, n0), TLanes.Add(m1, n1), TLanes.Add(m1, n2), keys + keysStride);
        TVector m2 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 2), minusFactor);
        Store(a2, b2, c2, factor, TLanes.Add(m2, n0), TLanes.Add(m2, n1), TLanes.Add(m2, n2), keys + (2 * keysStride));
        TVector m3 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 3), minusFactor);
        Store(a3, b3, c3, factor, TLanes.Add(m3, n0), TLanes.Add(m3, n1), TLanes.Add(m3, n2), keys + (3 * keysStride));
        TVector m4 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 4), minusFactor);
        Store(a4, b4, c4, factor, TLanes.Add(m4, n0), TLanes.Add(m4, n1), TLanes.Add(m4, n2), keys + (4 * keysStride));
        TVector m5 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 5), minusFactor);
        Store(a5, b5, c5, factor, TLanes.Add(m5, n0), TLanes.Add(m5, n1), TLanes.Add(m5, n2), keys + (5 * keysStride));
        TVector m6 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 6), minusFactor);
        Store(a6, b6, c6, factor, TLanes.Add(m6, n0), TLanes.Add(m6, n1), TLanes.Add(m6, n2), keys + (6 * keysStride));
        TVector m7 = TLanes.Multiply(TLanes.Broadcast(rowHalfNorms + 7), minusFactor);
        Store(a7, b7, c7, factor, TLanes.Add(m7, n0), TLanes.Add(m7, n1), TLanes.Add(m7, n2), keys + (7 * keysStride));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(TVector a, TVector b, TVector c, TVector factor, TVector normsA, TVector normsB, TVector normsC, float* keys)
    {
        TLanes.Store(TLanes.MultiplyAdd(a, factor, TStart.Of<TLanes, TVector>(normsA, keys)), keys);
        TLanes.Store(TLanes.MultiplyAdd(b, factor, TStart.Of<TLanes, TVector>(normsB, keys + TLanes.Width)), keys + TLanes.Width);
        TLanes.Store(TLanes.MultiplyAdd(c, factor, TStart.Of<TLanes, TVector>(normsC, keys + (2 * TLanes.Width))), keys + (2 * TLanes.Width));
    }
}
