namespace Tercet.Backends.Cpu;

/// <summary>Which keys of a row are to be looked at one by one: those in wanted bins, and the smallest.</summary>
/// <param name="bits">One bit a bin, set where its keys are wanted; <see cref="KeyBins.Count"/> bits.</param>
// SAFETY: the map is its owner's pinned memory and outlives the filter.
internal readonly unsafe struct KeyFilter(ulong* bits)
{
    /// <summary>The wanted bins.</summary>
    public ulong* Bits { get; } = bits;

    /// <summary>Keys not above this are wanted whatever their bin.</summary>
    public float SmallLimit { get; init; }

    /// <summary>Keys above this are not wanted, whatever their bin.</summary>
    public float LargeLimit { get; init; }
}
