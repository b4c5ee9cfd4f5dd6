using Tercet.Backends;
using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>What to mine of a gallery, and how. Immutable.</summary>
public sealed record GalleryMiningOptions
{
    /// <summary>
    /// The rule, metric, margin and the rest. <see cref="MiningOptions.NegativeOnlyLabel"/> must be null: labels of galleries are text.
    /// </summary>
    public MiningOptions Mining { get; init; } = new();

    /// <summary>Every valid triplet of this kind, in place of what the rule selects; null for the rule. Default null.</summary>
    public TripletKind? Kind { get; init; }

    /// <summary>The pairs of the multi-similarity rule with this ε, in place of what the rule selects; null for the rule. Default null.</summary>
    public double? PairEpsilon { get; init; }

    /// <summary>Rows of this label serve as negatives only, as do rows without a label, of whom nothing is known. Default: none but those.</summary>
    public string NegativeOnlyLabel { get; init; } = "";

    /// <summary>Which rows to mine; null means all. The others are neither anchors nor candidates. Default null.</summary>
    public Func<GalleryRow, bool>? Where { get; init; }

    /// <summary>Most anchors of one step, 1 or more; a step ends earlier when its pairs get many. The result does not depend on it. Default 4096.</summary>
    public int AnchorsAtOnce { get; init; } = 4096;

    /// <summary>Where a working copy of the rows is kept, where one is needed; null means beside the result, or the system's folder for temporary files. Default null.</summary>
    public string? WorkFolder { get; init; }

    /// <summary>Where distances are computed; null means the CPU. Not disposed. Default null.</summary>
    public IMiningBackend? Backend { get; init; }

    /// <summary>Told after every step how many anchors are done. Default null.</summary>
    public Action<int>? Progress { get; init; }
}
