namespace Tercet.Backends.Cpu;

/// <summary>
/// One vector width: the few operations that the tile kernels are made of. Every width multiplies and adds with a single rounding, one
/// dimension after the other, so a key has the same bits whatever the width.
/// </summary>
/// <typeparam name="TVector">The vector of float32 lanes.</typeparam>
// SAFETY: every pointer is valid for Width elements; the kernels that call see to it.
internal unsafe interface ILanes<TVector>
    where TVector : struct
{
    /// <summary>Number of lanes.</summary>
    static abstract int Width { get; }

    /// <summary>Reads <see cref="Width"/> floats; no alignment is needed.</summary>
    static abstract TVector Load(float* source);

    /// <summary>Puts one float in every lane.</summary>
    static abstract TVector Broadcast(float* source);

    /// <summary><c>left × right + addend</c>, rounded once.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    /// <summary><c>left + right</c>.</summary>
    static abstract TVector Add(TVector left, TVector right);

    /// <summary><c>left × right</c>.</summary>
    static abstract TVector Multiply(TVector left, TVector right);

    /// <summary>The smaller of each pair of lanes; neither is NaN.</summary>
    static abstract TVector Min(TVector left, TVector right);

    /// <summary>The smallest lane.</summary>
    static abstract float MinLane(TVector value);

    /// <summary>Bit i is set where lane i of <paramref name="left"/> is not above that of <paramref name="right"/>.</summary>
    static abstract uint NotAbove(TVector left, TVector right);

    /// <summary>Writes every lane clamped to [0, <paramref name="last"/>] and truncated to an integer; <paramref name="last"/> is below 2²⁴.</summary>
    static abstract void StoreTruncated(TVector value, float last, int* destination);

    /// <summary>Clamps <c>key × scale + offset</c> of 32 keys to [0, <see cref="KeyBins.Last"/>], truncates it, and tests that bit of a map of <see cref="KeyBins.Count"/>: bit i of the result is key i's.</summary>
    static abstract uint TestBits(float* keys, TVector scales, TVector offsets, uint* bits);

    /// <summary>Looks every lane up in a table of 16 floats. The low four bits of a lane's representation are its index.</summary>
    static abstract TVector Lookup(float* table, TVector index);

    /// <summary>Lane by lane <c>left ≤ right ? then : otherwise</c>; <paramref name="left"/> and <paramref name="right"/> are not NaN.</summary>
    static abstract TVector WhereNotAbove(TVector left, TVector right, TVector then, TVector otherwise);

    /// <summary>Writes <see cref="Width"/> floats; no alignment is needed.</summary>
    static abstract void Store(TVector value, float* destination);

    /// <summary>Moves four columns of <see cref="Width"/> rows into four rows.</summary>
    static abstract void TransposeFour(float* source, nint sourceStride, float* destination, nint destinationStride);
}
