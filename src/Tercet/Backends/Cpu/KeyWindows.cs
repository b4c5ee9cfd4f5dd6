using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Places an anchor's windows from keys that have been seen. A window begins at a threshold (a positive's distance) and ends at the first bin in
/// which a key is known that is surely beyond it: the nearest one beyond, and all that tie with it, lie inside. One worker's tables.
/// </summary>
internal sealed unsafe class KeyWindows(CpuSession session) : IDisposable
{
    private const int MostBins = KeyBins.Count * KeyBins.Parts;

    private readonly PinnedBuffer<byte> _seen = new(MostBins);
    private readonly PinnedBuffer<ulong> _wanted = new(MostBins / 64);
    private readonly ThresholdEdges _edges = new();
    private PinnedBuffer<int> _places = new(0);
    private PinnedBuffer<int> _edgePlaces = new(0);

    /// <summary>Places the bins of an anchor and its first windows.</summary>
    /// <param name="window">The anchor's window.</param>
    /// <param name="distances">Its positives' distances, at least one.</param>
    /// <param name="tolerance">A bound on the error of its keys.</param>
    /// <param name="keys">Keys of negatives, others above <see cref="PackedPanels.LargestKey"/>.</param>
    /// <param name="count">Number of keys, a multiple of the vector width.</param>
    // SAFETY: here and below, bins are clamped to the tables' length, and places has room for the keys.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Open(AnchorWindow* window, ReadOnlySpan<double> distances, float tolerance, float* keys, int count)
    {
        _edges.Load(session.Metric, distances, tolerance);
        window->NearTie = KeyBins.NearTie * tolerance;
        window->Count = 0;
        Place(window, parts: 1, keys, count);
    }

    /// <summary>Narrows the windows by the keys kept so far, and drops those that are outside by then.</summary>
    /// <param name="window">The anchor's window.</param>
    /// <param name="distances">Its positives' distances.</param>
    /// <param name="tolerance">A bound on the error of its keys.</param>
    /// <param name="keys">The kept keys; room for a vector more.</param>
    /// <param name="positions">Their positions.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Narrow(AnchorWindow* window, ReadOnlySpan<double> distances, float tolerance, float* keys, int* positions)
    {
        int count = window->Count;
        int padded = (count + 15) & ~15;
        new Span<float>(keys + count, padded - count).Fill(float.MaxValue);
        _edges.Load(session.Metric, distances, tolerance);
        Place(window, KeyBins.Parts, keys, padded);

        // What lies in a wanted bin is picked out at once; whether in a wanted part of it, one by one.
        KeyBins bins = window->Bins;
        int* places = (int*)_places.DangerousGetAddress();
        int selected = session.Kernel.Fold.Select(keys, padded, 0, bins, window->Wanted, keys, places);
        ulong* wanted = (ulong*)_wanted.DangerousGetAddress();
        int kept = 0;
        for (int i = 0; i < selected; i++)
        {
            float key = keys[i];
            int fine = bins.Fine(key);
            keys[kept] = key;
            positions[kept] = positions[places[i]];
            kept += (int)(wanted[fine >> 6] >> (fine & 63)) & 1;
        }

        window->Count = 0;
        Add(window, keys, positions, kept);
    }

    /// <summary>Takes keys that stand behind those kept so far, but for what is no key.</summary>
    /// <param name="window">The anchor's window.</param>
    /// <param name="keys">Its kept keys.</param>
    /// <param name="positions">Their positions.</param>
    /// <param name="count">Number of keys that stand behind them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Add(AnchorWindow* window, float* keys, int* positions, int count)
    {
        if (!window->IsOpen)
        {
            window->Count += count;
            return;
        }

        int end = window->Count + count;
        for (int i = window->Count; i < end; i++)
        {
            keys[window->Count] = keys[i];
            positions[window->Count] = positions[i];
            window->Count += keys[i] < PackedPanels.LargestKey ? 1 : 0;
        }
    }

    public void Dispose()
    {
        _seen.Dispose();
        _wanted.Dispose();
        _edges.Dispose();
        _places.Dispose();
        _edgePlaces.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Place(AnchorWindow* window, int parts, float* keys, int count)
    {
        IBlockFold fold = session.Kernel.Fold;
        float nearTie = window->NearTie;

        // From the smallest key, or threshold, to the first key beyond all thresholds: what is outside is surely smaller than all, or not wanted.
        float last = _edges.LargestHigh;
        fold.Smallest(keys, count, MathF.BitIncrement(last), out float smallest, out float beyond);
        bool ends = beyond < PackedPanels.LargestKey;
        KeyBins bins = KeyBins.Over(Math.Min(smallest, _edges.SmallestLow), (double)(ends ? beyond : last) + (2 * nearTie), nearTie);
        window->Bins = bins;
        window->IsOpen = !ends;

        // A key counts as seen a near tie further up, and a threshold as touching as much more: then what ties with the key is inside, and the key beyond the threshold.
        byte* seen = (byte*)_seen.DangerousGetAddress();
        new Span<byte>(seen, KeyBins.Count * parts).Clear();
        PinnedBuffer.Grow(ref _places, count);
        int* places = (int*)_places.DangerousGetAddress();
        fold.Place(keys, count, nearTie, bins, parts, places);
        for (int i = 0; i < count; i += 4)
        {
            seen[places[i]] = 1;
            seen[places[i + 1]] = 1;
            seen[places[i + 2]] = 1;
            seen[places[i + 3]] = 1;
        }

        // No window goes further than that key, even where it shares a bin with the last threshold.
        if (ends)
            seen[Math.Min(bins.Part(beyond + nearTie, parts) + 1, (KeyBins.Last * parts) - 1)] = 1;

        int thresholds = _edges.PaddedCount;
        PinnedBuffer.Grow(ref _edgePlaces, 2L * thresholds);
        int* firstBins = (int*)_edgePlaces.DangerousGetAddress();
        int* lastBins = firstBins + thresholds;
        fold.Place(_edges.Lows, thresholds, 0, bins, parts, firstBins);
        fold.Place(_edges.Highs, thresholds, nearTie, bins, parts, lastBins);
        ulong* wanted = parts == 1 ? window->Wanted : (ulong*)_wanted.DangerousGetAddress();
        int words = KeyBins.Count * parts / 64;
        new Span<ulong>(wanted, words).Clear();
        for (int i = 0; i < _edges.Count; i++)
            Mark(wanted, firstBins[i], lastBins[i]);
        MarkUpTo(wanted, bins.Part(smallest + nearTie, parts));
        Flood(seen, wanted, words);
        if (parts > 1)
            Coarsen(wanted, window->Wanted);
    }

    // Few bins as a rule.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mark(ulong* wanted, int first, int last)
    {
        wanted[first >> 6] |= 1UL << (first & 63);
        wanted[last >> 6] |= 1UL << (last & 63);
        while (++first < last)
            wanted[first >> 6] |= 1UL << (first & 63);
    }

    private static void MarkUpTo(ulong* wanted, int last)
    {
        for (int word = 0; word < last >> 6; word++)
            wanted[word] = ulong.MaxValue;
        wanted[last >> 6] |= ulong.MaxValue >> (63 - (last & 63));
    }

    // From behind every run of touched bins up to the first one that is seen: a carry that ripples through the ones of unseen bins does it, and stops where it should.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Flood(byte* seen, ulong* wanted, int words)
    {
        ulong carry = 0, behind = 0;
        for (int word = 0; word < words; word++)
        {
            ulong touched = wanted[word];
            ulong unseen = Vector512.Equals(Vector512.Load(seen + (word * 64)), Vector512<byte>.Zero).ExtractMostSignificantBits();
            ulong starts = ((touched << 1) | behind) & ~touched;
            behind = touched >> 63;
            ulong seeds = starts & unseen;
            ulong sum = unseen + seeds;
            ulong total = sum + carry;
            carry = (sum < seeds ? 1UL : 0) | (total < sum ? 1UL : 0);
            wanted[word] = touched | starts | (total ^ unseen);
        }
    }

    // A bin is wanted if one of its parts is.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Coarsen(ulong* fine, ulong* coarse)
    {
        for (int word = 0; word < MostBins / 64; word += 2)
            coarse[word / 2] = AnyOfTwo(fine[word]) | (AnyOfTwo(fine[word + 1]) << 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong AnyOfTwo(ulong bits)
    {
        bits = (bits | (bits >> 1)) & 0x5555555555555555;
        bits = (bits | (bits >> 1)) & 0x3333333333333333;
        bits = (bits | (bits >> 2)) & 0x0F0F0F0F0F0F0F0F;
        bits = (bits | (bits >> 4)) & 0x00FF00FF00FF00FF;
        bits = (bits | (bits >> 8)) & 0x0000FFFF0000FFFF;
        return (bits | (bits >> 16)) & 0xFFFFFFFF;
    }
}
