using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>Between which float32 keys each of an anchor's thresholds (its positives' distances, in order of position) is uncertain. One worker's.</summary>
internal sealed unsafe class ThresholdEdges : IDisposable
{
    /// <summary>Distances that may be read behind the last one.</summary>
    public const int Padding = 16;

    private PinnedBuffer<float> _edges = new(0);
    private int _stride;

    /// <summary>Number of thresholds.</summary>
    public int Count { get; private set; }

    /// <summary>The same in whole vectors; what stands behind the last threshold is of no use, but can be read.</summary>
    public int PaddedCount => (Count + Padding - 1) / Padding * Padding;

    /// <summary>For each threshold the key below which keys are surely below it.</summary>
    // SAFETY: here and below, there is room for PaddedCount floats, and one more.
    public float* Lows => (float*)_edges.DangerousGetAddress();

    /// <summary>For each threshold the key above which keys are surely above it.</summary>
    public float* Highs => Lows + _stride;

    /// <summary>The smallest of <see cref="Lows"/>.</summary>
    public float SmallestLow { get; private set; }

    /// <summary>The largest of <see cref="Highs"/>.</summary>
    public float LargestHigh { get; private set; }

    /// <summary>Takes an anchor's thresholds.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="distances">The positives' distances, at least one; <see cref="Padding"/> more can be read behind them.</param>
    /// <param name="tolerance">A bound on the error of the anchor's keys.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Load(DistanceMetric metric, ReadOnlySpan<double> distances, float tolerance)
    {
        Count = distances.Length;
        _stride = PaddedCount + Padding;
        PinnedBuffer.Grow(ref _edges, 2L * _stride);
        float* low = Lows;
        float* high = Highs;
        bool square = metric == DistanceMetric.Euclidean;
        Vector512<double> constant = Vector512.Create(ThresholdBins.Slack(0, tolerance)), slope = Vector512.Create(ThresholdBins.Slack(1, 0));
        Vector512<float> smallest = Vector512.Create(float.PositiveInfinity), largest = -smallest;
        fixed (double* distance = distances)
        {
            for (int i = 0; i < Count; i += Padding)
            {
                Vector512<double> a = Vector512.Load(distance + i), b = Vector512.Load(distance + i + 8);
                (a, b) = square ? (a * a, b * b) : (a, b);
                Vector512<double> slackA = constant + (a * slope), slackB = constant + (b * slope);
                Vector512<float> lows = WideVectors.Narrow(a - slackA, b - slackB), highs = WideVectors.Narrow(a + slackA, b + slackB);
                lows.Store(low + i);
                highs.Store(high + i);
                Vector512<float> isThreshold = Vector512.LessThan(WideVectors.Indices, Vector512.Create(Count - i)).AsSingle();
                smallest = Vector512.ConditionalSelect(isThreshold, Vector512.MinNative(smallest, lows), smallest);
                largest = Vector512.ConditionalSelect(isThreshold, Vector512.MaxNative(largest, highs), largest);
            }
        }

        (SmallestLow, LargestHigh) = (Least(smallest), -Least(-largest));
    }

    public void Dispose() => _edges.Dispose();

    // On every machine, so not the wider lanes' own.
    private static float Least(Vector512<float> lanes) => Lanes256.MinLane(Vector256.MinNative(lanes.GetLower(), lanes.GetUpper()));
}
