using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Search;

/// <summary>Scores of consecutive gallery rows against one query: a scan at the speed of memory.</summary>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
/// <typeparam name="TScan">The operations of the scans.</typeparam>
/// <typeparam name="TInts">The integer vector.</typeparam>
internal static unsafe class RowDots<TLanes, TVector, TScan, TInts>
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
    where TScan : struct, IScanLanes<TVector, TInts>
    where TInts : struct
{
    private const int Group = 4;

    // SAFETY: rows points to count rows of depth floats, stride floats apart; query to depth floats and after them the vector that meets each row's last
    // width floats (zero in lanes that whole vectors have dealt with); factors, biases and scores to count floats. No load leaves a row.

    /// <summary><c>scores[r] = factors[r] × (x_r · y) + biases[r]</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(float* rows, nint stride, nint depth, int count, float* query, float* factors, float* biases, float* scores)
    {
        if (count < Group || depth < TLanes.Width)
        {
            ComputePlain(rows, stride, depth, count, query, factors, biases, scores);
            return;
        }

        int width = TLanes.Width;
        float zero = 0f;
        TVector none = TLanes.Broadcast(&zero);
        for (int row = 0; row < count; row += Group)
        {
            // The last group begins early enough to be whole; what it repeats has the same bits.
            row = Math.Min(row, count - Group);
            float* r0 = rows + (row * stride);
            float* r1 = r0 + stride;
            float* r2 = r1 + stride;
            float* r3 = r2 + stride;
            TVector a0 = none, a1 = none, a2 = none, a3 = none, b0 = none, b1 = none, b2 = none, b3 = none;
            nint k = 0;
            for (; k + (2 * width) <= depth; k += 2 * width)
            {
                Ahead.Line((byte*)(r0 + k) + Ahead.Distance);
                Ahead.Line((byte*)(r1 + k) + Ahead.Distance);
                Ahead.Line((byte*)(r2 + k) + Ahead.Distance);
                Ahead.Line((byte*)(r3 + k) + Ahead.Distance);
                Ahead.Line((byte*)(r0 + k + width) + Ahead.Distance);
                Ahead.Line((byte*)(r1 + k + width) + Ahead.Distance);
                Ahead.Line((byte*)(r2 + k + width) + Ahead.Distance);
                Ahead.Line((byte*)(r3 + k + width) + Ahead.Distance);
                TVector y0 = TLanes.Load(query + k), y1 = TLanes.Load(query + k + width);
                a0 = TLanes.MultiplyAdd(TLanes.Load(r0 + k), y0, a0);
                b0 = TLanes.MultiplyAdd(TLanes.Load(r0 + k + width), y1, b0);
                a1 = TLanes.MultiplyAdd(TLanes.Load(r1 + k), y0, a1);
                b1 = TLanes.MultiplyAdd(TLanes.Load(r1 + k + width), y1, b1);
                a2 = TLanes.MultiplyAdd(TLanes.Load(r2 + k), y0, a2);
                b2 = TLanes.MultiplyAdd(TLanes.Load(r2 + k + width), y1, b2);
                a3 = TLanes.MultiplyAdd(TLanes.Load(r3 + k), y0, a3);
                b3 = TLanes.MultiplyAdd(TLanes.Load(r3 + k + width), y1, b3);
            }

            if (k + width <= depth)
            {
                TVector y = TLanes.Load(query + k);
                a0 = TLanes.MultiplyAdd(TLanes.Load(r0 + k), y, a0);
                a1 = TLanes.MultiplyAdd(TLanes.Load(r1 + k), y, a1);
                a2 = TLanes.MultiplyAdd(TLanes.Load(r2 + k), y, a2);
                a3 = TLanes.MultiplyAdd(TLanes.Load(r3 + k), y, a3);
                k += width;
            }

            if (k < depth)
            {
                TVector y = TLanes.Load(query + depth);
                nint last = depth - width;
                b0 = TLanes.MultiplyAdd(TLanes.Load(r0 + last), y, b0);
                b1 = TLanes.MultiplyAdd(TLanes.Load(r1 + last), y, b1);
                b2 = TLanes.MultiplyAdd(TLanes.Load(r2 + last), y, b2);
                b3 = TLanes.MultiplyAdd(TLanes.Load(r3 + last), y, b3);
            }

            TScan.StoreScores(TLanes.Add(a0, b0), TLanes.Add(a1, b1), TLanes.Add(a2, b2), TLanes.Add(a3, b3), factors + row, biases + row, scores + row);
        }
    }

    private static void ComputePlain(float* rows, nint stride, nint depth, int count, float* query, float* factors, float* biases, float* scores)
    {
        for (int row = 0; row < count; row++)
        {
            float* x = rows + (row * stride);
            float dot = 0;
            for (nint k = 0; k < depth; k++)
                dot = MathF.FusedMultiplyAdd(x[k], query[k], dot);
            scores[row] = MathF.FusedMultiplyAdd(factors[row], dot, biases[row]);
        }
    }
}
