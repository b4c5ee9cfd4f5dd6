using Tercet.Backends;

namespace Tercet.Evaluation;

/// <summary>The pairs of one row with all that stand behind it in the order of labels: float32 keys, and what float64 says of each.</summary>
/// <param name="kernels">What computed them.</param>
/// <param name="worker">The thread, from 0: names the scratch memory to use.</param>
/// <param name="band">The position of gallery position 0.</param>
/// <param name="anchor">The row's position, counted from <paramref name="band"/>.</param>
/// <param name="classEnd">The position after the last row of its label, counted likewise.</param>
/// <param name="keys">The keys, counted likewise.</param>
internal readonly ref struct PairRow(IMiningKernels kernels, int worker, int band, int anchor, int classEnd, ReadOnlySpan<float> keys)
{
    private readonly ReadOnlySpan<float> _keys = keys;

    /// <summary>The thread, from 0: names the scratch memory to use.</summary>
    public int Worker { get; } = worker;

    /// <summary>The row's position in <see cref="LabelGroups.Rows"/>.</summary>
    public int Position => band + anchor;

    /// <summary>Keys of the pairs with the later rows of its label.</summary>
    public ReadOnlySpan<float> Same => _keys[(anchor + 1)..classEnd];

    /// <summary>Keys of the pairs with the rows of later labels.</summary>
    public ReadOnlySpan<float> Different => _keys[classEnd..];

    /// <summary>The position in <see cref="LabelGroups.Rows"/> of the first row of <see cref="Different"/>.</summary>
    public int DifferentPosition => band + classEnd;

    /// <summary>What float64 says of a pair of one kind.</summary>
    public double ExactKey(bool same, int index) => kernels.ExactKey(anchor, index + (same ? anchor + 1 : classEnd));

    /// <summary>Keys of one kind.</summary>
    public ReadOnlySpan<float> Of(bool same) => same ? Same : Different;
}
