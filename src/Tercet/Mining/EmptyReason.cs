namespace Tercet.Mining;

/// <summary>Why a valid call selected nothing.</summary>
public enum EmptyReason
{
    /// <summary>Something was selected.</summary>
    None,

    /// <summary>No anchor has a positive: every label occurs once, or is negative-only.</summary>
    NoPositives,

    /// <summary>No anchor that has a positive has a negative: all rows share one label.</summary>
    NoNegatives,

    /// <summary>There are valid triplets, but none satisfies the rule.</summary>
    NoCandidates,
}
