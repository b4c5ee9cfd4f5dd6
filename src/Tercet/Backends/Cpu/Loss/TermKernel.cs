using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu.Loss;

/// <inheritdoc cref="ITermKernel"/>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TCount">Those that only counting needs.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
// SAFETY: every pointer is valid for the counts given, which are multiples of the vector width; all loads and stores lie inside them.
internal sealed unsafe class TermKernel<TLanes, TCount, TVector> : ITermKernel
    where TLanes : struct, ILanes<TVector>
    where TCount : struct, ICountLanes<TVector>
    where TVector : struct
{
    // 2²³: a float this large carries an integer below 2²³ in its low bits, where a look-up finds it.
    private const float IndexBias = 8388608;

    private const int LargestWidth = 16;

    /// <inheritdoc/>
    public int Width => TLanes.Width;

    /// <inheritdoc/>
    /// <remarks>
    /// A search without branches: four steps over every fourth threshold find a key's group, the group's own four thresholds the rest. It runs for
    /// the key less the slack, whose successor among the thresholds tells whether any lies in the doubtful range.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Count(float* keys, int columns, float* tables, int tableCount, float slack, float smallKey, float* counts, uint* doubtful, out bool hasDoubts)
    {
        float minusSlack = -slack;
        TVector slacks = TLanes.Broadcast(&slack), minusSlacks = TLanes.Broadcast(&minusSlack), smallKeys = TLanes.Broadcast(&smallKey);
        TVector first = Constant(IndexBias), upper = Constant(IndexBias + 8), minusBias = Constant(-IndexBias);
        TVector one = Constant(1), two = Constant(2), four = Constant(4), minusOne = Constant(-1), minusFour = Constant(-4), zero = Constant(0);
        bool any = false;
        uint allDoubts = 0;
        for (int i = 0; i < tableCount; i++, tables += ThresholdTables.TableLength)
        {
            float* pivots = tables + ThresholdTables.Fourths;
            TVector middle = TLanes.Broadcast(pivots + 7);
            TVector top = TLanes.Broadcast(tables + ThresholdTables.Top), total = TLanes.Broadcast(tables + ThresholdTables.Total);
            for (int column = 0; column < columns; column += TLanes.Width)
            {
                TVector key = TLanes.Load(keys + column);
                if (TLanes.NotAbove(key, top) == 0)
                {
                    if (i == 0)
                        TLanes.Store(zero, counts + column);
                    continue;
                }

                any = true;
                TVector low = TLanes.Add(key, minusSlacks);
                TVector index = TCount.WhereNotAbove(middle, low, upper, first);
                index = TCount.WhereNotAbove(TCount.Lookup(tables + ThresholdTables.FourthsBy3, index), low, TLanes.Add(index, four), index);
                index = TCount.WhereNotAbove(TCount.Lookup(tables + ThresholdTables.FourthsBy1, index), low, TLanes.Add(index, two), index);
                index = TCount.WhereNotAbove(TCount.Lookup(pivots, index), low, TLanes.Add(index, one), index);
                TVector count = TLanes.MultiplyAdd(TLanes.Add(index, minusBias), minusFour, total);
                TVector next = TCount.Lookup(pivots, index);
                TVector threshold = TCount.Lookup(tables + ThresholdTables.Thirds, index);
                count = TCount.WhereNotAbove(threshold, low, TLanes.Add(count, minusOne), count);
                next = TCount.WhereNotAbove(threshold, low, next, threshold);
                threshold = TCount.Lookup(tables + ThresholdTables.Seconds, index);
                count = TCount.WhereNotAbove(threshold, low, TLanes.Add(count, minusOne), count);
                next = TCount.WhereNotAbove(threshold, low, next, threshold);
                threshold = TCount.Lookup(tables + ThresholdTables.Firsts, index);
                count = TCount.WhereNotAbove(threshold, low, TLanes.Add(count, minusOne), count);
                next = TCount.WhereNotAbove(threshold, low, next, threshold);
                uint doubts = TLanes.NotAbove(next, TLanes.Add(key, slacks)) | TLanes.NotAbove(key, smallKeys);
                if (i > 0)
                    count = TLanes.Add(count, TLanes.Load(counts + column));
                TLanes.Store(count, counts + column);
                if (doubts != 0)
                    doubtful[column / TLanes.Width] |= doubts;
                allDoubts |= doubts;
            }
        }

        hasDoubts = allDoubts != 0;
        return any;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double Tally(float* keys, int columns, float* counts, float reference, bool takeRoots, int* tallies, int lastTally)
    {
        int* places = stackalloc int[LargestWidth];
        float* lanes = stackalloc float[LargestWidth];
        float* copies = stackalloc float[LargestWidth];
        for (int lane = 0; lane < LargestWidth; lane++)
        {
            lanes[lane] = lane;
            copies[lane] = Tallies.First(0) + (lane % Tallies.Copies);
        }

        TVector unread = TLanes.Load(lanes), offsets = TLanes.Load(copies);
        TVector references = TLanes.Broadcast(&reference);
        TVector zero = Constant(0), half = Constant(0.5f), one = Constant(1), four = Constant(Tallies.Copies), minusOne = Constant(-1);
        TVector loss = zero;
        for (int column = 0; column < columns; column += TLanes.Width)
        {
            TVector count = TLanes.Load(counts + column);
            if (TLanes.NotAbove(one, count) == 0)
                continue;
            TVector distance = TLanes.Load(keys + column);
            if (takeRoots)
                distance = TCount.WhereNotAbove(count, half, zero, TCount.SquareRoot(distance));
            loss = TLanes.MultiplyAdd(count, TLanes.MultiplyAdd(distance, minusOne, references), loss);
            TVector place = TCount.WhereNotAbove(count, half, unread, TLanes.MultiplyAdd(count, four, offsets));
            TLanes.StoreTruncated(place, lastTally, places);
            for (int lane = 0; lane < TLanes.Width; lane += 4)
            {
                tallies[places[lane]]++;
                tallies[places[lane + 1]]++;
                tallies[places[lane + 2]]++;
                tallies[places[lane + 3]]++;
            }
        }

        return SumLanes(loss);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Transpose(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride)
    {
        for (int row = 0; row < rows; row += TLanes.Width)
        {
            for (int column = 0; column < columns; column += 4)
                TCount.TransposeFour(source + (row * sourceStride) + column, sourceStride, destination + (column * destinationStride) + row, destinationStride);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(float* sum, float* addend, int columns)
    {
        for (int column = 0; column < columns; column += TLanes.Width)
            TLanes.Store(TLanes.Add(TLanes.Load(sum + column), TLanes.Load(addend + column)), sum + column);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool DivideByRoots(float* weights, float* keys, int columns, float smallKey, uint* doubtful)
    {
        TVector smallKeys = TLanes.Broadcast(&smallKey);
        TVector zero = Constant(0), half = Constant(0.5f), one = Constant(1);
        uint allDoubts = 0;
        for (int column = 0; column < columns; column += TLanes.Width)
        {
            TVector weight = TLanes.Load(weights + column);
            uint weighing = TLanes.NotAbove(one, weight);
            if (weighing == 0)
                continue;
            TVector key = TLanes.Load(keys + column);
            TLanes.Store(TCount.WhereNotAbove(weight, half, zero, TCount.Divide(weight, TCount.SquareRoot(key))), weights + column);
            uint doubts = weighing & TLanes.NotAbove(key, smallKeys);
            doubtful[column / TLanes.Width] = doubts;
            allDoubts |= doubts;
        }

        return allDoubts != 0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double Sum(float* weights, int columns, float* columnSums)
    {
        TVector sum = Constant(0);
        for (int column = 0; column < columns; column += TLanes.Width)
        {
            TVector weight = TLanes.Load(weights + column);
            sum = TLanes.Add(sum, weight);
            TLanes.Store(TLanes.Add(TLanes.Load(columnSums + column), weight), columnSums + column);
        }

        return SumLanes(sum);
    }

    /// <inheritdoc/>
    public void AddWeighted(float* weights, nint rowStep, nint depthStep, float* rows, nint depth, float* sums, nint sumStride) =>
        WeightedSum6x2<TLanes, TVector>.Add(weights, rowStep, depthStep, rows, depth, sums, sumStride);

    private static TVector Constant(float value) => TLanes.Broadcast(&value);

    private static double SumLanes(TVector value)
    {
        float* lanes = stackalloc float[LargestWidth];
        TLanes.Store(value, lanes);
        double sum = 0;
        for (int lane = 0; lane < TLanes.Width; lane++)
            sum += lanes[lane];
        return sum;
    }
}
