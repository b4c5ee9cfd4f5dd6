using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

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

    /// <inheritdoc/>
    public int Width => TLanes.Width;

    /// <inheritdoc/>
    public int Strip => HasManyRegisters ? WeightedSum12x2<TLanes, TVector>.Rows : WeightedSum6x2<TLanes, TVector>.Rows;

    // 32 of them rather than 16.
    private static bool HasManyRegisters => TLanes.Width == 16;

    /// <inheritdoc/>
    /// <remarks>
    /// A search without branches: four steps over every fourth threshold find a key's group, the group's own four thresholds the rest. It runs for
    /// the key less the slack, whose successor among the thresholds tells whether any lies in the doubtful range.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Count(float* keys, int columns, float* tables, int tableCount, float slack, float smallKey, float* counts, uint* doubtful)
    {
        float minusSlack = -slack;
        TVector slacks = TLanes.Broadcast(&slack), minusSlacks = TLanes.Broadcast(&minusSlack), smallKeys = TLanes.Broadcast(&smallKey);
        TVector first = Constant(IndexBias), upper = Constant(IndexBias + 8), minusBias = Constant(-IndexBias);
        TVector one = Constant(1), two = Constant(2), four = Constant(4), minusOne = Constant(-1), minusFour = Constant(-4), zero = Constant(0);
        bool any = false;
        for (int i = 0; i < tableCount; i++, tables += ThresholdTables.TableLength)
        {
            float* pivots = tables + ThresholdTables.Fourths;
            TVector middle = TLanes.Broadcast(pivots + 7);
            TVector top = TLanes.Broadcast(tables + ThresholdTables.Top), total = TLanes.Broadcast(tables + ThresholdTables.Total);
            for (int column = 0; column < columns; column += TLanes.Width)
            {
                TVector key = TLanes.Load(keys + column);
                uint* doubts = doubtful + (column / (uint)TLanes.Width);
                if (TLanes.NotAbove(key, top) == 0)
                {
                    if (i == 0)
                    {
                        *doubts = 0;
                        TLanes.Store(zero, counts + column);
                    }

                    continue;
                }

                any = true;
                TVector low = TLanes.Add(key, minusSlacks);
                TVector index = TLanes.WhereNotAbove(middle, low, upper, first);
                index = TLanes.WhereNotAbove(TLanes.Lookup(tables + ThresholdTables.FourthsBy3, index), low, TLanes.Add(index, four), index);
                index = TLanes.WhereNotAbove(TLanes.Lookup(tables + ThresholdTables.FourthsBy1, index), low, TLanes.Add(index, two), index);
                index = TLanes.WhereNotAbove(TLanes.Lookup(pivots, index), low, TLanes.Add(index, one), index);
                TVector count = TLanes.MultiplyAdd(TLanes.Add(index, minusBias), minusFour, total);
                TVector next = TLanes.Lookup(pivots, index);
                TVector threshold = TLanes.Lookup(tables + ThresholdTables.Thirds, index);
                count = TLanes.WhereNotAbove(threshold, low, TLanes.Add(count, minusOne), count);
                next = TLanes.WhereNotAbove(threshold, low, next, threshold);
                threshold = TLanes.Lookup(tables + ThresholdTables.Seconds, index);
                count = TLanes.WhereNotAbove(threshold, low, TLanes.Add(count, minusOne), count);
                next = TLanes.WhereNotAbove(threshold, low, next, threshold);
                threshold = TLanes.Lookup(tables + ThresholdTables.Firsts, index);
                count = TLanes.WhereNotAbove(threshold, low, TLanes.Add(count, minusOne), count);
                next = TLanes.WhereNotAbove(threshold, low, next, threshold);
                uint found = TLanes.NotAbove(next, TLanes.Add(key, slacks)) | TLanes.NotAbove(key, smallKeys);
                if (i > 0)
                {
                    count = TLanes.Add(count, TLanes.Load(counts + column));
                    found |= *doubts;
                }

                TLanes.Store(count, counts + column);
                *doubts = found;
            }
        }

        return any;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Tally(int columns, float* counts, int* places, Tallies tallies)
    {
        TVector laneOffsets = TLanes.Load(tallies.LaneOffsets), one = Constant(1);
        float lastPlace = tallies.LastPlace;
        int taken = 0;
        for (int column = 0; column < columns; column += TLanes.Width)
        {
            TVector count = TLanes.Load(counts + column);
            if (TLanes.NotAbove(one, count) == 0)
                continue;
            TLanes.StoreTruncated(TLanes.Add(count, laneOffsets), lastPlace, places + taken);
            taken += TLanes.Width;
        }

        tallies.Add(places, taken);
    }

    /// <inheritdoc/>
    public bool CountsWords => TLanes.Width == 16 ? WordCounter.IsSupported : TLanes.Width == 8 && WordCounter256.IsSupported;

    /// <inheritdoc/>
    public bool CountWords(float* keys, int columns, in AnchorTerms terms, float* thresholds, float* counts, uint* doubtful, int* tallies) =>
        TLanes.Width == 16
            ? WordCounter.Count(keys, columns, terms, thresholds, counts, doubtful, tallies)
            : WordCounter256.Count(keys, columns, terms, thresholds, counts, doubtful, tallies);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public double Combine(float* weights, float* addends, float* keys, int columns, float reference, bool takeRoots, out double sum)
    {
        TVector references = TLanes.Broadcast(&reference);
        TVector zero = Constant(0), half = Constant(0.5f), minusOne = Constant(-1);
        TVector loss = zero, total = zero;
        for (int column = 0; column < columns; column += TLanes.Width)
        {
            TVector weight = TLanes.Add(TLanes.Load(weights + column), TLanes.Load(addends + column));
            TLanes.Store(weight, weights + column);
            total = TLanes.Add(total, weight);
            TVector distance = TLanes.Load(keys + column);
            if (takeRoots)
                distance = TLanes.WhereNotAbove(weight, half, zero, TCount.SquareRoot(distance));
            loss = TLanes.MultiplyAdd(weight, TLanes.MultiplyAdd(distance, minusOne, references), loss);
        }

        sum = TCount.Sum(total);
        return TCount.Sum(loss);
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
            TLanes.Store(TLanes.WhereNotAbove(weight, half, zero, TCount.Divide(weight, TCount.SquareRoot(key))), weights + column);
            uint doubts = weighing & TLanes.NotAbove(key, smallKeys);
            doubtful[column / TLanes.Width] = doubts;
            allDoubts |= doubts;
        }

        return allDoubts != 0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public uint Sum(float* weights, int columns, int partColumns, float* columnSums, out double sum)
    {
        TVector total = Constant(0), smallest = Constant(float.Epsilon);
        uint parts = 0;
        for (int first = 0, part = 0; first < columns; first += partColumns, part++)
        {
            uint weighing = 0;
            for (int column = first; column < first + partColumns; column += TLanes.Width)
            {
                TVector weight = TLanes.Load(weights + column);
                weighing |= TLanes.NotAbove(smallest, weight);
                total = TLanes.Add(total, weight);
                TLanes.Store(TLanes.Add(TLanes.Load(columnSums + column), weight), columnSums + column);
            }

            parts |= weighing == 0 ? 0 : 1u << part;
        }

        sum = TCount.Sum(total);
        return parts;
    }

    /// <inheritdoc/>
    public void Prefetch(float* source, int count)
    {
        if (!Sse.IsSupported)
            return;
        for (int i = 0; i < count; i += 16)
            Sse.Prefetch0(source + i);
    }

    /// <inheritdoc/>
    public void AddWeighted(float* weights, nint rowStep, nint depthStep, float* rows, nint depth, float* sums, nint sumStride)
    {
        // Only the sums are not asked for until the end, and lie apart.
        for (int r = 0; r < Strip; r++)
            Prefetch(sums + (r * sumStride), 2 * TLanes.Width);
        if (HasManyRegisters)
            WeightedSum12x2<TLanes, TVector>.Add(weights, rowStep, depthStep, rows, depth, sums, sumStride);
        else
            WeightedSum6x2<TLanes, TVector>.Add(weights, rowStep, depthStep, rows, depth, sums, sumStride);
    }

    private static TVector Constant(float value) => TLanes.Broadcast(&value);
}
