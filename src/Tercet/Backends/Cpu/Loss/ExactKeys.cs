namespace Tercet.Backends.Cpu.Loss;

/// <summary>Where a block holds the key of an anchor and another row: in one place, or in two that mirror each other.</summary>
/// <param name="keys">The block.</param>
/// <param name="anchorStep">Floats from one anchor to the next.</param>
/// <param name="otherStep">Floats from one other row to the next.</param>
/// <param name="mirroredAnchorStep">The same for the second place; the first one's steps where there is none.</param>
/// <param name="mirroredOtherStep">The same for the second place.</param>
// SAFETY: the block has all rows that Set is called for, and outlives this.
internal readonly unsafe struct ExactKeys(float* keys, nint anchorStep, nint otherStep, nint mirroredAnchorStep, nint mirroredOtherStep)
{
    /// <summary>Puts an exact key in its places.</summary>
    public void Set(int anchor, int other, float key)
    {
        keys[(anchor * anchorStep) + (other * otherStep)] = key;
        keys[(anchor * mirroredAnchorStep) + (other * mirroredOtherStep)] = key;
    }
}
