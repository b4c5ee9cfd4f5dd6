namespace Tercet.Backends.Cpu;

/// <summary>How keys fall into bins: bin b holds the keys s with <c>clamp(⌊s × Scale + Offset⌋, 0, Last) = b</c>.</summary>
/// <param name="Scale">Bins per unit of key.</param>
/// <param name="Offset">The bin of key 0, as a fraction.</param>
internal readonly record struct KeyBins(float Scale, float Offset)
{
    /// <summary>Number of bins; the lane operations that test a bit of each know it too.</summary>
    public const int Count = 512;

    /// <summary>The last bin.</summary>
    public const int Last = Count - 1;

    /// <summary>Fine bins in a bin.</summary>
    public const int Parts = 4;

    /// <summary>The bin of one key, the same as in vectors.</summary>
    public int this[float key] => (int)Place(key);

    /// <summary>The fine bin of one key: its bin is a <see cref="Parts"/>-th of that.</summary>
    public int Fine(float key) => (int)(Place(key) * Parts);

    private float Place(float key) => float.MinNative(float.MaxNative(MathF.FusedMultiplyAdd(key, Scale, Offset), 0), Last);
}
