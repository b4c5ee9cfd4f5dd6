using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// One ascending list of thresholds among the bins of keys: which bins the uncertainty of each touches, and how many thresholds lie surely below such a bin.
/// Keys in untouched bins need no comparison to be ranked.
/// </summary>
internal sealed unsafe class ThresholdBins : IDisposable
{
    private readonly PinnedBuffer<ulong> _wanted = new(KeyBins.Count / 64);
    private readonly PinnedBuffer<int> _ranks = new(KeyBins.Count);
    private PinnedBuffer<int> _edges = new(0);
    private double* _thresholds;
    private double _tolerance;

    /// <summary>Number of thresholds.</summary>
    public int Count { get; private set; }

    /// <summary>For each threshold the first bin that its uncertainty touches, ascending.</summary>
    // SAFETY: here and below, ranks are below Count, for which Place makes room, and bins are clamped to the tables' length; the thresholds outlive an anchor.
    public int* FirstBins => (int*)_edges.DangerousGetAddress();

    /// <summary>For each threshold the last such bin, ascending.</summary>
    public int* LastBins => FirstBins + Count;

    /// <summary>One bit a bin, set where keys are to be looked at one by one, <c>[KeyBins.Count / 64]</c>.</summary>
    public ulong* Wanted => (ulong*)_wanted.DangerousGetAddress();

    /// <summary>Takes a list of thresholds, and wants the bins they touch.</summary>
    /// <param name="thresholds">The thresholds as keys, ascending; alive until the next list.</param>
    /// <param name="count">Number of thresholds.</param>
    /// <param name="tolerance">The keys' tolerance.</param>
    /// <param name="bins">The bins.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Place(double* thresholds, int count, double tolerance, KeyBins bins)
    {
        PinnedBuffer.Grow(ref _edges, 2L * count);
        (Count, _tolerance) = (count, tolerance);
        _thresholds = thresholds;
        _wanted.Span.Clear();
        int* first = FirstBins;
        int* last = LastBins;
        for (int rank = 0; rank < count; rank++)
        {
            double slack = Slack(thresholds[rank], tolerance);
            first[rank] = bins[(float)(thresholds[rank] - slack)];
            last[rank] = bins[(float)(thresholds[rank] + slack)];
        }

        int marked = -1;
        for (int rank = 0; rank < count; rank++)
        {
            for (int bin = Math.Max(first[rank], marked + 1); bin <= last[rank]; bin++)
                Want(bin, rank);
            marked = last[rank];
        }
    }

    /// <summary>Wants a bin.</summary>
    /// <param name="bin">The bin.</param>
    /// <param name="rank">How many thresholds lie surely below its keys.</param>
    public void Want(int bin, int rank)
    {
        Wanted[bin >> 6] |= 1UL << (bin & 63);
        ((int*)_ranks.DangerousGetAddress())[bin] = rank;
    }

    /// <summary>Whether a bin's keys are to be looked at.</summary>
    public bool IsWanted(int bin) => ((Wanted[bin >> 6] >> (bin & 63)) & 1) != 0;

    /// <summary>How many thresholds lie surely below the keys of a wanted bin.</summary>
    public int LowestRank(int bin) => ((int*)_ranks.DangerousGetAddress())[bin];

    /// <summary>Sets the bits of the wanted bins and of the ones before them, keeping those that are set.</summary>
    public void AddPassing(ulong* bits)
    {
        ulong* wanted = Wanted;
        for (int i = 0; i < KeyBins.Count / 64; i++)
        {
            ulong next = i + 1 < KeyBins.Count / 64 ? wanted[i + 1] << 63 : 0;
            bits[i] |= wanted[i] | (wanted[i] >> 1) | next;
        }
    }

    /// <summary>Passes over the thresholds that lie surely below a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="rank">The number of thresholds known to lie below it; raised.</param>
    /// <returns>Whether the next threshold is so near that only float64 can tell.</returns>
    public bool Rise(float key, ref int rank)
    {
        for (; rank < Count; rank++)
        {
            double slack = Slack(_thresholds[rank], _tolerance);
            if (key <= _thresholds[rank] + slack)
                return key >= _thresholds[rank] - slack;
        }

        return false;
    }

    /// <summary>How many thresholds from a rank on begin their bins at or before a key's; the histogram does not count them against the key.</summary>
    public int CountTouching(int bin, int rank)
    {
        int end = rank;
        while (end < Count && FirstBins[end] <= bin)
            end++;
        return end - rank;
    }

    public void Dispose()
    {
        _wanted.Dispose();
        _ranks.Dispose();
        _edges.Dispose();
    }

    /// <summary>A key this close to a threshold is not ranked in float32: the keys' tolerance and the rounding of the threshold itself.</summary>
    public static double Slack(double threshold, double tolerance) => tolerance + (1e-6 * threshold);
}
