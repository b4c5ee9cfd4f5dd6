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

        for (int row = 0; row < count; row += Group)
        {
            // The last group begins early enough to be whole; what it repeats has the same bits.
            row = Math.Min(row, count - Group);
            float* first = rows + (row * stride);
            TVector s0 = Products(first, depth, query);
            TVector s1 = Products(first + stride, depth, query);
            TVector s2 = Products(first + (2 * stride), depth, query);
            TVector s3 = Products(first + (3 * stride), depth, query);
            TScan.StoreScores(s0, s1, s2, s3, factors + row, biases + row, scores + row);
        }
    }

    /// <summary>The score of one row, in the first of four floats; the others are undefined. Four floats of factors and biases are read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ComputeOne(float* row, nint depth, float* query, float* factors, float* biases, float* scores)
    {
        if (depth < TLanes.Width)
        {
            ComputePlain(row, 0, depth, 1, query, factors, biases, scores);
            return;
        }

        TVector sum = Products(row, depth, query);
        TScan.StoreScores(sum, sum, sum, sum, factors, biases, scores);
    }

    // One row after another, front to back, and no hints: processors that follow one stream by themselves may lose it among four rows in step. The sums
    // over lanes are taken for four rows at once.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Products(float* row, nint depth, float* query)
    {
        int width = TLanes.Width;
        float zero = 0f;
        TVector even = TLanes.Broadcast(&zero), odd = even, even2 = even, odd2 = even;
        nint k = 0;
        for (; k + (8 * width) <= depth; k += 8 * width)
        {
            float* x = row + k;
            float* y = query + k;
            even = TLanes.MultiplyAdd(TLanes.Load(x), TLanes.Load(y), even);
            odd = TLanes.MultiplyAdd(TLanes.Load(x + width), TLanes.Load(y + width), odd);
            even2 = TLanes.MultiplyAdd(TLanes.Load(x + (2 * width)), TLanes.Load(y + (2 * width)), even2);
            odd2 = TLanes.MultiplyAdd(TLanes.Load(x + (3 * width)), TLanes.Load(y + (3 * width)), odd2);
            even = TLanes.MultiplyAdd(TLanes.Load(x + (4 * width)), TLanes.Load(y + (4 * width)), even);
            odd = TLanes.MultiplyAdd(TLanes.Load(x + (5 * width)), TLanes.Load(y + (5 * width)), odd);
            even2 = TLanes.MultiplyAdd(TLanes.Load(x + (6 * width)), TLanes.Load(y + (6 * width)), even2);
            odd2 = TLanes.MultiplyAdd(TLanes.Load(x + (7 * width)), TLanes.Load(y + (7 * width)), odd2);
        }

        even = TLanes.Add(even, even2);
        odd = TLanes.Add(odd, odd2);
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
            scores[row] = MathF.FusedMultiplyAdd(factors[row], dot, biases[row]);
        }
    }
}
