namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// The dimensions in a few parts whose products are accumulated apart. Most of a key's error bound grows with the length of one sum: shorter ones
/// leave fewer keys so close to a threshold that float64 has to decide.
/// </summary>
internal readonly struct KeyParts
{
    private readonly int _dimensions;

    public KeyParts(int dimensions)
    {
        _dimensions = dimensions;
        Depth = Math.Min(dimensions, Math.Clamp(dimensions / 2, 64, 128));
        Count = (dimensions + Depth - 1) / Depth;
    }

    /// <summary>Dimensions of a part; the last one may have fewer.</summary>
    public int Depth { get; }

    /// <summary>Number of parts.</summary>
    public int Count { get; }

    /// <summary>The bound for keys of parts, from that for keys of one sum (<see cref="IMiningKernels.KeyTolerance"/>).</summary>
    /// <remarks>
    /// There the sum's D roundings cost D/2, and the norms 4. Here each part's roundings are of its own products only, so that together they cost
    /// half the depth of one; each addition of a part rounds once what is at most the norms' sum, which costs 1. What underflow loses stays.
    /// </remarks>
    public float Tolerance(float tolerance) => Count == 1
        ? tolerance
        : (float)((1.001 * tolerance * ((0.5 * Depth) + 4 + Count) / ((0.5 * _dimensions) + 4)) + (8.0 * _dimensions * float.Epsilon));
}
