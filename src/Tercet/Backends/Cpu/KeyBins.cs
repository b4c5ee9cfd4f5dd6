namespace Tercet.Backends.Cpu;

/// <summary>How keys fall into bins: bin b holds the keys s with <c>clamp(⌊s × Scale + Offset⌋, 0, Last) = b</c>.</summary>
/// <param name="Scale">Bins per unit of key.</param>
/// <param name="Offset">The bin of key 0, as a fraction.</param>
internal readonly record struct KeyBins(float Scale, float Offset)
{
    /// <summary>Number of bins; the lane operations that test a bit of each know it too.</summary>
    public const int Count = 1024;

    /// <summary>The last bin.</summary>
    public const int Last = Count - 1;

    /// <summary>Fine bins in a bin.</summary>
    public const int Parts = 2;

    /// <summary>Twice a key's tolerance, and a little: the distance at which two float32 keys are surely in order.</summary>
    public const float NearTie = 2.002f;

    // Finite, so that bins are; keys nearer than its steps are of no use in float32.
    private const double LargestScale = 1e30;

    /// <summary>Bins over a range of keys: bin 0 lies below it, the last two above. No finer than the distance of a near tie is of use.</summary>
    /// <param name="low">The smallest key.</param>
    /// <param name="high">The largest one.</param>
    /// <param name="nearTie">The distance of a near tie.</param>
    public static KeyBins Over(double low, double high, float nearTie)
    {
        double scale = Math.Min(Math.Min((Count - 4) / (high - low), 0.25 / nearTie), LargestScale);
        float rounded = (float)scale;
        return new KeyBins(rounded, (float)(1 - (low * rounded)));
    }

    /// <summary>Bins for thresholds: bin 0 lies below them all, the last one above. No finer than the distance of a near tie is of use.</summary>
    /// <param name="first">The smallest threshold, a key.</param>
    /// <param name="last">The largest one.</param>
    /// <param name="tolerance">The keys' tolerance.</param>
    public static KeyBins Between(double first, double last, double tolerance)
    {
        double low = first - (2 * ThresholdBins.Slack(first, tolerance));
        double high = last + (2 * ThresholdBins.Slack(last, tolerance));
        return Over(low, high, (float)(NearTie * tolerance));
    }

    /// <summary>The bin of one key, the same as in vectors.</summary>
    public int this[float key] => (int)Place(key);

    /// <summary>The fine bin of one key: its bin is a <see cref="Parts"/>-th of that.</summary>
    public int Fine(float key) => Part(key, Parts);

    /// <summary>The bin of one key where each bin is split into parts, a power of two of them.</summary>
    public int Part(float key, int parts) => (int)(Place(key) * parts);

    private float Place(float key) => float.MinNative(float.MaxNative(MathF.FusedMultiplyAdd(key, Scale, Offset), 0), Last);
}
