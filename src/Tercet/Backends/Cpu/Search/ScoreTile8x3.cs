using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// Scores of 8 gallery rows, read where they lie, against three vectors of packed queries: 24 accumulators in registers, and the comparison with the
/// queries' limits made there too. Nothing is written unless some score is within its limit.
/// </summary>
/// <remarks><c>scores[r, j] = factor[r] × (x_r · y_j) + bias[r]</c>, accumulated in float32, one dimension after the other.</remarks>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
internal static unsafe class ScoreTile8x3<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // SAFETY: rows points to 8 rows of depth floats, stride floats apart; queries to a packed panel of depth × (3 × width) floats; factors and biases to 8
    // floats, limits to 3 × width, rowHits to 8, scores to 8 rows of 3 × width. Written out so that every accumulator stays in a register.

    /// <summary>
    /// Whether any score is within its limit. Then, and only then, all scores are written, and bit j of a row's hits is set where its score for query j is.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Compute(float* rows, nint stride, float* queries, nint depth, float* factors, float* biases, float* limits, float* scores, ulong* rowHits)
    {
        int width = TLanes.Width;
        nint panel = 3 * width;
        float zero = 0f;
        TVector none = TLanes.Broadcast(&zero);
        TVector a0 = none, b0 = none, c0 = none;
        TVector a1 = none, b1 = none, c1 = none;
        TVector a2 = none, b2 = none, c2 = none;
        TVector a3 = none, b3 = none, c3 = none;
        TVector a4 = none, b4 = none, c4 = none;
        TVector a5 = none, b5 = none, c5 = none;
        TVector a6 = none, b6 = none, c6 = none;
        TVector a7 = none, b7 = none, c7 = none;
        float* r0 = rows;
        float* r1 = r0 + stride;
        float* r2 = r1 + stride;
        float* r3 = r2 + stride;
        float* r4 = r3 + stride;
        float* r5 = r4 + stride;
        float* r6 = r5 + stride;
        float* r7 = r6 + stride;

        for (nint k = 0; k < depth; k++, queries += panel)
        {
            TVector y0 = TLanes.Load(queries), y1 = TLanes.Load(queries + width), y2 = TLanes.Load(queries + (2 * width));
            TVector x0 = TLanes.Broadcast(r0 + k);
            a0 = TLanes.MultiplyAdd(x0, y0, a0);
            b0 = TLanes.MultiplyAdd(x0, y1, b0);
            c0 = TLanes.MultiplyAdd(x0, y2, c0);
            TVector x1 = TLanes.Broadcast(r1 + k);
            a1 = TLanes.MultiplyAdd(x1, y0, a1);
            b1 = TLanes.MultiplyAdd(x1, y1, b1);
            c1 = TLanes.MultiplyAdd(x1, y2, c1);
            TVector x2 = TLanes.Broadcast(r2 + k);
            a2 = TLanes.MultiplyAdd(x2, y0, a2);
            b2 = TLanes.MultiplyAdd(x2, y1, b2);
            c2 = TLanes.MultiplyAdd(x2, y2, c2);
            TVector x3 = TLanes.Broadcast(r3 + k);
            a3 = TLanes.MultiplyAdd(x3, y0, a3);
            b3 = TLanes.MultiplyAdd(x3, y1, b3);
            c3 = TLanes.MultiplyAdd(x3, y2, c3);
            TVector x4 = TLanes.Broadcast(r4 + k);
            a4 = TLanes.MultiplyAdd(x4, y0, a4);
            b4 = TLanes.MultiplyAdd(x4, y1, b4);
            c4 = TLanes.MultiplyAdd(x4, y2, c4);
            TVector x5 = TLanes.Broadcast(r5 + k);
            a5 = TLanes.MultiplyAdd(x5, y0, a5);
            b5 = TLanes.MultiplyAdd(x5, y1, b5);
            c5 = TLanes.MultiplyAdd(x5, y2, c5);
            TVector x6 = TLanes.Broadcast(r6 + k);
            a6 = TLanes.MultiplyAdd(x6, y0, a6);
            b6 = TLanes.MultiplyAdd(x6, y1, b6);
            c6 = TLanes.MultiplyAdd(x6, y2, c6);
            TVector x7 = TLanes.Broadcast(r7 + k);
            a7 = TLanes.MultiplyAdd(x7, y0, a7);
            b7 = TLanes.MultiplyAdd(x7, y1, b7);
            c7 = TLanes.MultiplyAdd(x7, y2, c7);
        }

        TVector f0 = TLanes.Broadcast(factors + 0), o0 = TLanes.Broadcast(biases + 0);
        a0 = TLanes.MultiplyAdd(f0, a0, o0);
        b0 = TLanes.MultiplyAdd(f0, b0, o0);
        c0 = TLanes.MultiplyAdd(f0, c0, o0);
        TVector f1 = TLanes.Broadcast(factors + 1), o1 = TLanes.Broadcast(biases + 1);
        a1 = TLanes.MultiplyAdd(f1, a1, o1);
        b1 = TLanes.MultiplyAdd(f1, b1, o1);
        c1 = TLanes.MultiplyAdd(f1, c1, o1);
        TVector f2 = TLanes.Broadcast(factors + 2), o2 = TLanes.Broadcast(biases + 2);
        a2 = TLanes.MultiplyAdd(f2, a2, o2);
        b2 = TLanes.MultiplyAdd(f2, b2, o2);
        c2 = TLanes.MultiplyAdd(f2, c2, o2);
        TVector f3 = TLanes.Broadcast(factors + 3), o3 = TLanes.Broadcast(biases + 3);
        a3 = TLanes.MultiplyAdd(f3, a3, o3);
        b3 = TLanes.MultiplyAdd(f3, b3, o3);
        c3 = TLanes.MultiplyAdd(f3, c3, o3);
        TVector f4 = TLanes.Broadcast(factors + 4), o4 = TLanes.Broadcast(biases + 4);
        a4 = TLanes.MultiplyAdd(f4, a4, o4);
        b4 = TLanes.MultiplyAdd(f4, b4, o4);
        c4 = TLanes.MultiplyAdd(f4, c4, o4);
        TVector f5 = TLanes.Broadcast(factors + 5), o5 = TLanes.Broadcast(biases + 5);
        a5 = TLanes.MultiplyAdd(f5, a5, o5);
        b5 = TLanes.MultiplyAdd(f5, b5, o5);
        c5 = TLanes.MultiplyAdd(f5, c5, o5);
        TVector f6 = TLanes.Broadcast(factors + 6), o6 = TLanes.Broadcast(biases + 6);
        a6 = TLanes.MultiplyAdd(f6, a6, o6);
        b6 = TLanes.MultiplyAdd(f6, b6, o6);
        c6 = TLanes.MultiplyAdd(f6, c6, o6);
        TVector f7 = TLanes.Broadcast(factors + 7), o7 = TLanes.Broadcast(biases + 7);
        a7 = TLanes.MultiplyAdd(f7, a7, o7);
        b7 = TLanes.MultiplyAdd(f7, b7, o7);
        c7 = TLanes.MultiplyAdd(f7, c7, o7);

        TVector best0 = TLanes.Min(TLanes.Min(TLanes.Min(a0, a1), TLanes.Min(a2, a3)), TLanes.Min(TLanes.Min(a4, a5), TLanes.Min(a6, a7)));
        TVector best1 = TLanes.Min(TLanes.Min(TLanes.Min(b0, b1), TLanes.Min(b2, b3)), TLanes.Min(TLanes.Min(b4, b5), TLanes.Min(b6, b7)));
        TVector best2 = TLanes.Min(TLanes.Min(TLanes.Min(c0, c1), TLanes.Min(c2, c3)), TLanes.Min(TLanes.Min(c4, c5), TLanes.Min(c6, c7)));
        TVector l0 = TLanes.Load(limits), l1 = TLanes.Load(limits + width), l2 = TLanes.Load(limits + (2 * width));
        if ((TLanes.NotAbove(best0, l0) | TLanes.NotAbove(best1, l1) | TLanes.NotAbove(best2, l2)) == 0)
            return false;

        rowHits[0] = Store(a0, b0, c0, l0, l1, l2, scores);
        rowHits[1] = Store(a1, b1, c1, l0, l1, l2, scores + panel);
        rowHits[2] = Store(a2, b2, c2, l0, l1, l2, scores + (2 * panel));
        rowHits[3] = Store(a3, b3, c3, l0, l1, l2, scores + (3 * panel));
        rowHits[4] = Store(a4, b4, c4, l0, l1, l2, scores + (4 * panel));
        rowHits[5] = Store(a5, b5, c5, l0, l1, l2, scores + (5 * panel));
        rowHits[6] = Store(a6, b6, c6, l0, l1, l2, scores + (6 * panel));
        rowHits[7] = Store(a7, b7, c7, l0, l1, l2, scores + (7 * panel));
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Store(TVector a, TVector b, TVector c, TVector l0, TVector l1, TVector l2, float* scores)
    {
        TLanes.Store(a, scores);
        TLanes.Store(b, scores + TLanes.Width);
        TLanes.Store(c, scores + (2 * TLanes.Width));
        return TLanes.NotAbove(a, l0) | ((ulong)TLanes.NotAbove(b, l1) << TLanes.Width) | ((ulong)TLanes.NotAbove(c, l2) << (2 * TLanes.Width));
    }
}
