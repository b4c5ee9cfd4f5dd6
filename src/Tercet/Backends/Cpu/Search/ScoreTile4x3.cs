using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// Scores of 4 gallery rows, read where they lie, against three vectors of packed queries: 12 accumulators in registers, and the comparison with the
/// queries' limits made there too. Nothing is written unless some score is within its limit.
/// </summary>
/// <remarks><c>scores[r, j] = factor[r] × (x_r · y_j) + bias[r]</c>, accumulated in float32, one dimension after the other.</remarks>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
internal static unsafe class ScoreTile4x3<TLanes, TVector>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    // SAFETY: rows points to 4 rows of depth floats, stride floats apart; queries to a packed panel of depth × (3 × width) floats; factors and biases to 4
    // floats, limits to 3 × width, rowHits to 4, scores to 4 rows of 3 × width. Written out so that every accumulator stays in a register.

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
        float* r0 = rows;
        float* r1 = r0 + stride;
        float* r2 = r1 + stride;
        float* r3 = r2 + stride;

        float* end = r0 + depth;
        for (float* last = end - 4; r0 <= last; r0 += 4, r1 += 4, r2 += 4, r3 += 4, queries += 4 * panel)
        {
            Outer4x3<TLanes, TVector>.Add(r0, r1, r2, r3, queries, queries + width, queries + (2 * width), ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Outer4x3<TLanes, TVector>.Add(r0 + 1, r1 + 1, r2 + 1, r3 + 1, queries + panel, queries + panel + width, queries + panel + (2 * width), ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Outer4x3<TLanes, TVector>.Add(r0 + 2, r1 + 2, r2 + 2, r3 + 2, queries + (2 * panel), queries + (2 * panel) + width, queries + (2 * panel) + (2 * width), ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
            Outer4x3<TLanes, TVector>.Add(r0 + 3, r1 + 3, r2 + 3, r3 + 3, queries + (3 * panel), queries + (3 * panel) + width, queries + (3 * panel) + (2 * width), ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);
        }

        for (; r0 < end; r0++, r1++, r2++, r3++, queries += panel)
            Outer4x3<TLanes, TVector>.Add(r0, r1, r2, r3, queries, queries + width, queries + (2 * width), ref a0, ref b0, ref c0, ref a1, ref b1, ref c1, ref a2, ref b2, ref c2, ref a3, ref b3, ref c3);

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

        TVector best0 = TLanes.Min(TLanes.Min(a0, a1), TLanes.Min(a2, a3));
        TVector best1 = TLanes.Min(TLanes.Min(b0, b1), TLanes.Min(b2, b3));
        TVector best2 = TLanes.Min(TLanes.Min(c0, c1), TLanes.Min(c2, c3));
        TVector l0 = TLanes.Load(limits), l1 = TLanes.Load(limits + width), l2 = TLanes.Load(limits + (2 * width));
        if ((TLanes.NotAbove(best0, l0) | TLanes.NotAbove(best1, l1) | TLanes.NotAbove(best2, l2)) == 0)
            return false;

        rowHits[0] = Store(a0, b0, c0, l0, l1, l2, scores);
        rowHits[1] = Store(a1, b1, c1, l0, l1, l2, scores + panel);
        rowHits[2] = Store(a2, b2, c2, l0, l1, l2, scores + (2 * panel));
        rowHits[3] = Store(a3, b3, c3, l0, l1, l2, scores + (3 * panel));
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
