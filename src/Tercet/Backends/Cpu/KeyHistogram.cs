using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>How many keys of a row, or of a part of it, fall into each bin. Reused from anchor to anchor.</summary>
internal sealed unsafe class KeyHistogram : IDisposable
{
    private const int Quarter = KeyBins.Count / 4;

    private readonly PinnedBuffer<int> _even = new(KeyBins.Count);
    private readonly PinnedBuffer<int> _odd = new(KeyBins.Count);
    private readonly PinnedBuffer<int> _totals = new(KeyBins.Count);
    private readonly PinnedBuffer<int> _before = new(KeyBins.Count);
    private readonly PinnedBuffer<ushort> _occupied = new(KeyBins.Count / 16);
    private int _firstQuarters;
    private int _secondQuarters;
    private int _thirdQuarters;

    /// <summary>The smallest key.</summary>
    public float Smallest { get; private set; }

    /// <summary>The smallest key in the last bin; the largest float where it is empty.</summary>
    public float SmallestOfLast { get; private set; }

    /// <summary>Counts keys.</summary>
    /// <param name="fold">The operations of the vector width.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="count">Number of keys, a multiple of the vector width.</param>
    /// <param name="bins">The bins.</param>
    // SAFETY: here and below, bins are clamped to the tables' length.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Count(IBlockFold fold, float* keys, int count, KeyBins bins)
    {
        int* even = (int*)_even.DangerousGetAddress();
        int* odd = (int*)_odd.DangerousGetAddress();
        fold.Histogram(keys, count, bins, even, odd, out float smallest, out float smallestOfLast);
        (Smallest, SmallestOfLast) = (smallest, smallestOfLast);

        // Adds up the two sets of counters, clears them for the next anchor, and notes which bins hold a key.
        int* totals = (int*)_totals.DangerousGetAddress();
        ushort* occupied = (ushort*)_occupied.DangerousGetAddress();
        for (int bin = 0; bin < KeyBins.Count; bin += 16)
        {
            Vector512<int> sum = Vector512.Load(even + bin) + Vector512.Load(odd + bin);
            sum.Store(totals + bin);
            Vector512<int>.Zero.Store(even + bin);
            Vector512<int>.Zero.Store(odd + bin);
            occupied[bin / 16] = (ushort)Vector512.GreaterThan(sum, Vector512<int>.Zero).ExtractMostSignificantBits();
        }
    }

    /// <summary>The first bin from one on that holds a key; the last bin where none before it does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NextOccupied(int start)
    {
        ulong* occupied = (ulong*)_occupied.DangerousGetAddress();
        ulong bits = occupied[start >> 6] >> (start & 63);
        if (bits != 0)
            return Math.Min(start + BitOperations.TrailingZeroCount(bits), KeyBins.Last);
        for (int word = (start >> 6) + 1; word < KeyBins.Count / 64; word++)
        {
            if (occupied[word] != 0)
                return Math.Min((word * 64) + BitOperations.TrailingZeroCount(occupied[word]), KeyBins.Last);
        }

        return KeyBins.Last;
    }

    /// <summary>Adds up the bins before each; four chains, so that additions do not wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Accumulate()
    {
        int* totals = (int*)_totals.DangerousGetAddress();
        int* before = (int*)_before.DangerousGetAddress();
        (int a, int b, int c, int d) = (0, 0, 0, 0);
        for (int i = 0; i < Quarter; i++)
        {
            before[i] = a;
            before[i + Quarter] = b;
            before[i + (2 * Quarter)] = c;
            before[i + (3 * Quarter)] = d;
            a += totals[i];
            b += totals[i + Quarter];
            c += totals[i + (2 * Quarter)];
            d += totals[i + (3 * Quarter)];
        }

        (_firstQuarters, _secondQuarters, _thirdQuarters) = (a, a + b, a + b + c);
    }

    /// <summary>Pairs of a threshold and a key in a bin before all that the threshold touches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public long KeysBeforeAll(ThresholdBins thresholds)
    {
        int* before = (int*)_before.DangerousGetAddress();
        int* quarters = stackalloc int[4] { 0, _firstQuarters, _secondQuarters, _thirdQuarters };
        int* bins = thresholds.FirstBins;
        long sum = 0;
        for (int rank = 0; rank < thresholds.Count; rank++)
            sum += before[bins[rank]] + quarters[bins[rank] / Quarter];
        return sum;
    }

    public void Dispose()
    {
        _even.Dispose();
        _odd.Dispose();
        _totals.Dispose();
        _before.Dispose();
        _occupied.Dispose();
    }
}
