using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// One ascending list of thresholds among the bins of keys: between which float32 keys each is uncertain, and which bins that touches. A key in no such
/// bin is surely below or surely above the threshold.
/// </summary>
internal sealed unsafe class ThresholdBins : IDisposable
{
    private PinnedBuffer<int> _edges = new(0);
    private PinnedBuffer<float> _limits = new(0);

    /// <summary>Number of thresholds.</summary>
    public int Count { get; private set; }

    /// <summary>For each threshold the first bin that its uncertainty touches, ascending.</summary>
    // SAFETY: here and below, ranks are below Count, for which Place makes room.
    public int* FirstBins => (int*)_edges.DangerousGetAddress();

    /// <summary>For each threshold the last such bin, ascending.</summary>
    public int* LastBins => FirstBins + Count;

    /// <summary>For each threshold the key below which keys are surely below it.</summary>
    public float* Lows => (float*)_limits.DangerousGetAddress();

    /// <summary>For each threshold the key above which keys are surely above it.</summary>
    public float* Highs => Lows + Count;

    /// <summary>Takes a list of thresholds.</summary>
    /// <param name="thresholds">The thresholds as keys, ascending.</param>
    /// <param name="count">Number of thresholds.</param>
    /// <param name="tolerance">The keys' tolerance.</param>
    /// <param name="bins">The bins.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Place(double* thresholds, int count, double tolerance, KeyBins bins)
    {
        PinnedBuffer.Grow(ref _edges, 2L * count);
        PinnedBuffer.Grow(ref _limits, 2L * count);
        Count = count;
        int* first = FirstBins;
        int* last = LastBins;
        float* low = Lows;
        float* high = Highs;
        for (int rank = 0; rank < count; rank++)
        {
            double slack = Slack(thresholds[rank], tolerance);
            low[rank] = (float)(thresholds[rank] - slack);
            high[rank] = (float)(thresholds[rank] + slack);
            first[rank] = bins[low[rank]];
            last[rank] = bins[high[rank]];
        }
    }

    /// <summary>Sets the bits of the bins that the thresholds touch, keeping those that are set.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Mark(ulong* bits)
    {
        int* first = FirstBins;
        int* last = LastBins;
        int marked = -1;
        for (int rank = 0; rank < Count; rank++)
        {
            for (int bin = Math.Max(first[rank], marked + 1); bin <= last[rank]; bin++)
                bits[bin >> 6] |= 1UL << (bin & 63);
            marked = last[rank];
        }
    }

    public void Dispose()
    {
        _edges.Dispose();
        _limits.Dispose();
    }

    /// <summary>A key this close to a threshold is not ranked in float32: the keys' tolerance, and the rounding of the threshold and of its limits.</summary>
    public static double Slack(double threshold, double tolerance) => (1.0001 * tolerance) + (2e-7 * threshold);
}
