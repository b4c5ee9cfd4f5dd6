using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <inheritdoc cref="IBlockFold"/>
/// <typeparam name="TLanes">The operations of the width.</typeparam>
/// <typeparam name="TVector">Its vector.</typeparam>
// SAFETY: every pointer is valid for the counts given, which are multiples of the vector width; all loads and stores lie inside them.
internal sealed unsafe class BlockFold<TLanes, TVector> : IBlockFold
    where TLanes : struct, ILanes<TVector>
    where TVector : struct
{
    private const int Word = 64;
    private const int WordsPerRun = 8;

    // 2²³: a float this large carries an integer below 2²³ in its low bits, where a look-up finds it.
    private const float IndexBias = 8388608;

    /// <inheritdoc/>
    public int Width => TLanes.Width;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Fold(float* scores, nint stride, int rows, int columns, float* rowBest, float* columnBest)
    {
        // Four rows at a time: one load and one store of the columns' best serve four rows.
        for (int row = 0; row < rows; row += 4)
        {
            float* r0 = scores + (row * stride);
            float* r1 = r0 + stride;
            float* r2 = r1 + stride;
            float* r3 = r2 + stride;
            TVector b0 = TLanes.Load(r0), b1 = TLanes.Load(r1), b2 = TLanes.Load(r2), b3 = TLanes.Load(r3);
            for (int column = 0; column < columns; column += TLanes.Width)
            {
                TVector v0 = TLanes.Load(r0 + column), v1 = TLanes.Load(r1 + column), v2 = TLanes.Load(r2 + column), v3 = TLanes.Load(r3 + column);
                b0 = TLanes.Min(b0, v0);
                b1 = TLanes.Min(b1, v1);
                b2 = TLanes.Min(b2, v2);
                b3 = TLanes.Min(b3, v3);
                TVector best = TLanes.Min(TLanes.Min(v0, v1), TLanes.Min(v2, v3));
                if (row > 0)
                    best = TLanes.Min(best, TLanes.Load(columnBest + column));
                TLanes.Store(best, columnBest + column);
            }

            rowBest[row] = TLanes.MinLane(b0);
            rowBest[row + 1] = TLanes.MinLane(b1);
            rowBest[row + 2] = TLanes.MinLane(b2);
            rowBest[row + 3] = TLanes.MinLane(b3);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int NextHits(float* scores, float* limits, int start, int count, out uint hits)
    {
        for (int i = start; i < count; i += TLanes.Width)
        {
            hits = TLanes.NotAbove(TLanes.Load(scores + i), TLanes.Load(limits + i));
            if (hits != 0)
                return i;
        }

        hits = 0;
        return count;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int NextHits(float* scores, float limit, int start, int count, out uint hits)
    {
        TVector limits = TLanes.Broadcast(&limit);
        for (int i = start; i < count; i += TLanes.Width)
        {
            hits = TLanes.NotAbove(TLanes.Load(scores + i), limits);
            if (hits != 0)
                return i;
        }

        hits = 0;
        return count;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int NextRowWithHits(float* scores, nint stride, float* limits, int start, int rows, out uint hits)
    {
        TVector bound = TLanes.Load(limits);
        for (int row = start; row < rows; row++)
        {
            hits = TLanes.NotAbove(TLanes.Load(scores + (row * stride)), bound);
            if (hits != 0)
                return row;
        }

        hits = 0;
        return rows;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Part(float* keys, float* scores, nint stride, int rows, int from, int to, int* starts, int* ends, int origin, float factor)
    {
        // Integers of this size are exact as floats.
        float* places = stackalloc float[TLanes.Width];
        for (int lane = 0; lane < TLanes.Width; lane++)
            places[lane] = from + lane;
        float width = TLanes.Width, largest = float.MaxValue;
        TVector steps = TLanes.Broadcast(&width), none = TLanes.Broadcast(&largest), factors = TLanes.Broadcast(&factor);
        for (int row = 0; row < rows; row++, keys += stride, scores += stride)
        {
            float first = Math.Max(starts[row] - origin, from), last = Math.Min(ends[row] - origin, to) - 1;
            TVector firsts = TLanes.Broadcast(&first), lasts = TLanes.Broadcast(&last), place = TLanes.Load(places);
            for (int column = from; column < to; column += TLanes.Width)
            {
                TVector key = TLanes.Load(keys + column);
                TVector score = TLanes.WhereNotAbove(place, lasts, TLanes.Multiply(key, factors), none);
                TLanes.Store(TLanes.WhereNotAbove(firsts, place, score, none), scores + column);
                TLanes.Store(TLanes.WhereNotAbove(firsts, place, TLanes.WhereNotAbove(place, lasts, none, key), key), keys + column);
                place = TLanes.Add(place, steps);
            }
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Histogram(float* scores, int count, KeyBins bins, int* even, int* odd, out float smallest, out float smallestOfLast)
    {
        const int Chunk = 256;
        int* found = stackalloc int[Chunk];
        float scale = bins.Scale, offset = bins.Offset, last = KeyBins.Last, largest = float.MaxValue;
        TVector scales = TLanes.Broadcast(&scale), offsets = TLanes.Broadcast(&offset), lasts = TLanes.Broadcast(&last);
        TVector none = TLanes.Broadcast(&largest), best = none, bestOfLast = none;
        uint all = uint.MaxValue >> (32 - TLanes.Width);
        for (int start = 0; start < count; start += Chunk)
        {
            int end = Math.Min(count, start + Chunk);
            int* next = found;
            for (int i = start; i < end; i += TLanes.Width)
            {
                TVector score = TLanes.Load(scores + i);
                TVector bin = TLanes.MultiplyAdd(score, scales, offsets);
                best = TLanes.Min(best, score);
                bestOfLast = TLanes.Min(bestOfLast, TLanes.WhereNotAbove(lasts, bin, score, none));
                if (TLanes.NotAbove(lasts, bin) == all)
                    continue;
                TLanes.StoreTruncated(bin, last, next);
                next += TLanes.Width;
            }

            for (int* bin = found; bin < next; bin += 4)
            {
                even[bin[0]]++;
                odd[bin[1]]++;
                even[bin[2]]++;
                odd[bin[3]]++;
            }
        }

        smallest = TLanes.MinLane(best);
        smallestOfLast = TLanes.MinLane(bestOfLast);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Place(float* scores, int count, float addend, KeyBins bins, int parts, int* places)
    {
        // A small power of two times a float is exact: these are the bits of KeyBins.Part.
        float scale = bins.Scale * parts, offset = bins.Offset * parts;
        TVector scales = TLanes.Broadcast(&scale), offsets = TLanes.Broadcast(&offset), addends = TLanes.Broadcast(&addend);
        for (int i = 0; i < count; i += TLanes.Width)
            TLanes.StoreTruncated(TLanes.MultiplyAdd(TLanes.Add(TLanes.Load(scores + i), addends), scales, offsets), KeyBins.Last * parts, places + i);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Smallest(float* scores, int count, float bound, out float smallest, out float smallestFrom)
    {
        float largest = float.MaxValue;
        TVector bounds = TLanes.Broadcast(&bound), none = TLanes.Broadcast(&largest), best = none, bestFrom = none;
        for (int i = 0; i < count; i += TLanes.Width)
        {
            TVector score = TLanes.Load(scores + i);
            best = TLanes.Min(best, score);
            bestFrom = TLanes.Min(bestFrom, TLanes.WhereNotAbove(bounds, score, score, none));
        }

        smallest = TLanes.MinLane(best);
        smallestFrom = TLanes.MinLane(bestFrom);
    }

    /// <inheritdoc/>
    /// <remarks>A search without branches: four steps over every fourth threshold find a score's group, the group's own thresholds the rest.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Rank(float* scores, int count, float* tables, int length, int* ranks)
    {
        TVector zero = Constant(0), one = Constant(1), two = Constant(2), three = Constant(3), four = Constant(4);
        TVector first = Constant(IndexBias), upper = Constant(IndexBias + 8), minusBias = Constant(-IndexBias);
        for (int i = 0; i < count; i += TLanes.Width)
        {
            TVector score = TLanes.Load(scores + i), rank = zero;
            for (float* table = tables; table < tables + length; table += RankTable.Length)
            {
                TVector index = TLanes.WhereNotAbove(score, TLanes.Broadcast(table + 7), first, upper);
                index = TLanes.WhereNotAbove(score, TLanes.Lookup(table, TLanes.Add(index, three)), index, TLanes.Add(index, four));
                index = TLanes.WhereNotAbove(score, TLanes.Lookup(table, TLanes.Add(index, one)), index, TLanes.Add(index, two));
                index = TLanes.WhereNotAbove(score, TLanes.Lookup(table, index), index, TLanes.Add(index, one));
                rank = TLanes.MultiplyAdd(TLanes.Add(index, minusBias), four, rank);
                for (int vector = 16; vector < RankTable.Length; vector += 16)
                    rank = TLanes.WhereNotAbove(score, TLanes.Lookup(table + vector, index), rank, TLanes.Add(rank, one));
            }

            TLanes.StoreTruncated(rank, IndexBias, ranks + i);
        }
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int NextWithin(float* scores, float low, float high, int start, int count, out uint hits)
    {
        TVector lows = TLanes.Broadcast(&low), highs = TLanes.Broadcast(&high);
        for (int i = start; i < count; i += TLanes.Width)
        {
            TVector score = TLanes.Load(scores + i);
            hits = TLanes.NotAbove(lows, score) & TLanes.NotAbove(score, highs);
            if (hits != 0)
                return i;
        }

        hits = 0;
        return count;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int Select(float* scores, int count, int first, KeyBins bins, ulong* wanted, float* selected, int* positions)
    {
        float scale = bins.Scale, offset = bins.Offset;
        TVector scales = TLanes.Broadcast(&scale), offsets = TLanes.Broadcast(&offset);
        ulong* words = stackalloc ulong[WordsPerRun];
        int kept = 0;
        for (int run = 0; run < count; run += WordsPerRun * Word)
        {
            int end = Math.Min(count, run + (WordsPerRun * Word));
            ulong* next = words;
            for (int start = run; start < end; start += Word)
            {
                float* word = scores + start;
                int length = Math.Min(Word, end - start);
                ulong hits = 0;
                for (int i = 0; i < length; i += Word / 2)
                    hits |= (ulong)TLanes.TestBits(word + i, scales, offsets, (uint*)wanted) << i;

                *next++ = hits & (ulong.MaxValue >> (Word - length));
            }

            kept = Collect(words, scores, run, end, first, kept, selected, positions);
        }

        return kept;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int SelectWithin(float* scores, int count, KeyBins bins, in KeyFilter filter, float* selected, int* positions)
    {
        float scale = bins.Scale, offset = bins.Offset, smallLimit = filter.SmallLimit, largeLimit = filter.LargeLimit;
        TVector scales = TLanes.Broadcast(&scale), offsets = TLanes.Broadcast(&offset);
        TVector smalls = TLanes.Broadcast(&smallLimit), larges = TLanes.Broadcast(&largeLimit);
        ulong* words = stackalloc ulong[WordsPerRun];
        int kept = 0;
        for (int run = 0; run < count; run += WordsPerRun * Word)
        {
            int end = Math.Min(count, run + (WordsPerRun * Word));
            ulong* next = words;
            for (int start = run; start < end; start += Word)
            {
                float* word = scores + start;
                int length = Math.Min(Word, end - start);
                ulong hits = 0, notLarge = 0, small = 0;
                for (int i = 0; i < length; i += Word / 2)
                    hits |= (ulong)TLanes.TestBits(word + i, scales, offsets, (uint*)filter.Bits) << i;
                for (int i = 0; i < length; i += TLanes.Width)
                {
                    TVector score = TLanes.Load(word + i);
                    notLarge |= (ulong)TLanes.NotAbove(score, larges) << i;
                    small |= (ulong)TLanes.NotAbove(score, smalls) << i;
                }

                hits = (hits & notLarge) | small;

                *next++ = hits & (ulong.MaxValue >> (Word - length));
            }

            kept = Collect(words, scores, run, end, 0, kept, selected, positions);
        }

        return kept;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public void Transpose(float* source, nint sourceStride, int rows, int columns, float* destination, nint destinationStride)
    {
        for (int row = 0; row < rows; row += TLanes.Width)
        {
            for (int column = 0; column < columns; column += 4)
                TLanes.TransposeFour(source + (row * sourceStride) + column, sourceStride, destination + (column * destinationStride) + row, destinationStride);
        }
    }

    /// <inheritdoc/>
    public void Mirror(float* keys, nint stride, int rows, int step)
    {
        for (int row = 0; row + step < rows; row += step)
        {
            float* diagonal = keys + (row * (stride + 1));
            Transpose(diagonal + step, stride, step, rows - row - step, diagonal + (step * stride), stride);
        }
    }

    private static TVector Constant(float value) => TLanes.Broadcast(&value);

    // Apart from the tests: what decides how often the loop turns is known before it begins, where a wrong guess costs little. A few at a time, and what is too many
    // overwritten: how often this turns is easier to foresee than each hit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Collect(ulong* words, float* scores, int run, int runEnd, int first, int kept, float* selected, int* positions)
    {
        const int Batch = 4;
        for (int start = run; start < runEnd; start += Word)
        {
            ulong hits = *words++;
            int end = kept + BitOperations.PopCount(hits);
            for (; kept < end; kept += Batch)
            {
                float* score = selected + (nint)(uint)kept;
                int* position = positions + (nint)(uint)kept;
                CollectOne(ref hits, scores + start, first + start, score, position);
                CollectOne(ref hits, scores + start, first + start, score + 1, position + 1);
                CollectOne(ref hits, scores + start, first + start, score + 2, position + 2);
                CollectOne(ref hits, scores + start, first + start, score + 3, position + 3);
            }

            kept = end;
        }

        return kept;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CollectOne(ref ulong hits, float* word, int first, float* score, int* position)
    {
        uint place = (uint)BitOperations.TrailingZeroCount(hits) & (Word - 1);
        *score = word[(nint)place];
        *position = first + (int)place;
        hits &= hits - 1;
    }
}
