namespace Tercet.Backends.Cpu;

/// <summary>What a tile's products are added to.</summary>
// SAFETY: the pointer is valid for a vector.
internal unsafe interface IKeyStart
{
    /// <summary>The value to add to.</summary>
    /// <param name="norms">The norms of the row and the columns, scaled.</param>
    /// <param name="keys">Where the keys are written.</param>
    static abstract TVector Of<TLanes, TVector>(TVector norms, float* keys)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct;
}
