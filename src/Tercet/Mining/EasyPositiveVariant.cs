namespace Tercet.Mining;

/// <summary>Which positive <see cref="MiningRule.EasyPositive"/> takes.</summary>
public enum EasyPositiveVariant
{
    /// <summary>The nearest positive.</summary>
    Nearest,

    /// <summary>The nearest positive among those farther than the anchor's nearest negative; anchors without one give no triplet.</summary>
    NearestBeyondNegative,
}
