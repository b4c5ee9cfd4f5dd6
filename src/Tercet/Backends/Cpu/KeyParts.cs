namespace Tercet.Backends.Cpu;

/// <summary>
/// The dimensions in a few parts whose products are summed apart. Most of a key's error bound grows with the length of one sum: shorter ones
/// leave fewer keys so close to a threshold that float64 has to decide. See <see cref="KeyErrors"/>.
/// </summary>
internal readonly struct KeyParts
{
    private const int LargestDepth = 128;

    public KeyParts(int dimensions)
    {
        int wanted = (dimensions + LargestDepth - 1) / LargestDepth;
        Depth = (dimensions + wanted - 1) / wanted;
        Count = (dimensions + Depth - 1) / Depth;
    }

    /// <summary>Dimensions of a part; the last one may have fewer.</summary>
    public int Depth { get; }

    /// <summary>Number of parts.</summary>
    public int Count { get; }
}
