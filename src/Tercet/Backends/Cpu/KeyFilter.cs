namespace Tercet.Backends.Cpu;

/// <summary>Which keys of a row are to be looked at one by one: those in wanted bins, the smallest of all, and the smallest of the last bin.</summary>
/// <param name="bits">One bit a bin, set where its keys are wanted; <see cref="KeyBins.Count"/> bits.</param>
// SAFETY: the map is its owner's pinned memory and outlives the filter.
internal readonly unsafe struct KeyFilter(ulong* bits)
{
    /// <summary>The wanted bins.</summary>
    public ulong* Bits { get; } = bits;

    /// <summary>Keys not above this are wanted whatever their bin.</summary>
    public float Limit { get; init; }

    /// <summary>Where the last bin begins, as a fraction of a bin.</summary>
    public float LastBinStart { get; init; }

    /// <summary>Keys of the last bin not above this are wanted.</summary>
    public float LastBinLimit { get; init; }
}
