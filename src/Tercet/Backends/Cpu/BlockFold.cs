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
                bestOfLast = TLanes.Min(bestOfLast, TLanes.ReplaceBelow(score, bin, lasts, none));
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
    public int Select(float* scores, int count, KeyBins bins, in KeyFilter filter, float* selected, int* positions)
    {
        float scale = bins.Scale, offset = bins.Offset, small = filter.SmallLimit, large = filter.LargeLimit;
        TVector scales = TLanes.Broadcast(&scale), offsets = TLanes.Broadcast(&offset);
        TVector smalls = TLanes.Broadcast(&small), larges = TLanes.Broadcast(&large);
        uint* bits = (uint*)filter.Bits;
        int kept = 0;
        for (int i = 0; i < count; i += TLanes.Width)
        {
            TVector score = TLanes.Load(scores + i);
            uint hits = (TLanes.TestBits(TLanes.MultiplyAdd(score, scales, offsets), bits) & TLanes.NotAbove(score, larges)) | TLanes.NotAbove(score, smalls);
            TLanes.StoreSome(score, hits, i, selected + kept, positions + kept);
            kept += BitOperations.PopCount(hits);
        }

        return kept;
    }
}
