using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

        // The last streams begin early enough to be whole; what they repeat has the same bits.
        int length = (count + Group - 1) / Group;
        int start1 = Math.Min(length, count - length), start2 = Math.Min(2 * length, count - length), start3 = count - length;
        for (int row = 0; row < length; row++)
        {
            float* first = rows + (row * stride);
            Vector128<float> dots = Products(first, first + (start1 * stride), first + (start2 * stride), first + (start3 * stride), depth, query);
            scores[row] = dots[0];
            scores[row + start1] = dots[1];
            scores[row + start2] = dots[2];
            scores[row + start3] = dots[3];
        }

        // In one go, as two more streams: at every row they would be eight.
        Span<float> all = new(scores, count);
        TensorPrimitives.FusedMultiplyAdd(new ReadOnlySpan<float>(factors, count), all, new ReadOnlySpan<float>(biases, count), all);
    }

    /// <summary>The score of one row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ComputeOne(float* row, nint depth, float* query, float* factors, float* biases, float* scores)
    {
        if (depth < TLanes.Width)
        {
            ComputePlain(row, 0, depth, 1, query, factors, biases, scores);
            return;
        }

        TVector sum = Products(row, depth, query);
        *scores = ScoreOf(TScan.SumLanes(sum, sum, sum, sum)[0], factors, biases);
    }

    // Four rows in step, far from each other: four streams that a processor follows each by itself, where four rows side by side look like one that jumps
    // about (bench/results/notes-search.md). The query is loaded once for all four, and the sums over lanes are taken together.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Products(float* r0, float* r1, float* r2, float* r3, nint depth, float* query)
    {
        int width = TLanes.Width;
        float zero = 0f;
        TVector none = TLanes.Broadcast(&zero);
        TVector a0 = none, a1 = none, a2 = none, a3 = none;
        TVector b0 = none, b1 = none, b2 = none, b3 = none;
        nint k = 0;
        for (; k + (2 * width) <= depth; k += 2 * width)
        {
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

        return TScan.SumLanes(TLanes.Add(a0, b0), TLanes.Add(a1, b1), TLanes.Add(a2, b2), TLanes.Add(a3, b3));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float ScoreOf(float dot, float* factor, float* bias) => MathF.FusedMultiplyAdd(*factor, dot, *bias);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Products(float* row, nint depth, float* query)
    {
        int width = TLanes.Width;
        float zero = 0f;
        TVector even = TLanes.Broadcast(&zero), odd = even;
        nint k = 0;
        for (; k + (2 * width) <= depth; k += 2 * width)
        {
            even = TLanes.MultiplyAdd(TLanes.Load(row + k), TLanes.Load(query + k), even);
            odd = TLanes.MultiplyAdd(TLanes.Load(row + k + width), TLanes.Load(query + k + width), odd);
        }

        if (k + width <= depth)
        {
            even = TLanes.MultiplyAdd(TLanes.Load(row + k), TLanes.Load(query + k), even);
            k += width;
        }

        if (k < depth)
            odd = TLanes.MultiplyAdd(TLanes.Load(row + depth - width), TLanes.Load(query + depth), odd);
        return TLanes.Add(even, odd);
    }

    private static void ComputePlain(float* rows, nint stride, nint depth, int count, float* query, float* factors, float* biases, float* scores)
    {
        for (int row = 0; row < count; row++)
        {
            float* x = rows + (row * stride);
            float dot = 0;
            for (nint k = 0; k < depth; k++)
                dot = MathF.FusedMultiplyAdd(x[k], query[k], dot);
            scores[row] = ScoreOf(dot, factors + row, biases + row);
        }
    }
}
