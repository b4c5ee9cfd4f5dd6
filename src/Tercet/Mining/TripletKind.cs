namespace Tercet.Mining;

/// <summary>A set of triplets by the gap <c>g = d(a,n) − d(a,p)</c> and the margin α.</summary>
public enum TripletKind
{
    /// <summary>Every triplet that violates the margin: g ≤ α.</summary>
    All,

    /// <summary>The negative is no farther than the positive: g ≤ 0.</summary>
    Hard,

    /// <summary>The negative is farther, yet inside the margin: 0 &lt; g ≤ α.</summary>
    SemiHard,

    /// <summary>The margin is kept: g &gt; α.</summary>
    Easy,
}
