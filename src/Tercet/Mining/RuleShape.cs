namespace Tercet.Mining;

/// <summary>What can be said of a rule without looking at a row.</summary>
internal static class RuleShape
{
    /// <summary>Stands where a rule selected nothing.</summary>
    public static readonly Triplet Nothing = new(-1, -1, -1, 0, 0);

    /// <summary>Whether the rule gives one triplet an anchor, not one a pair.</summary>
    public static bool SelectsOnePerAnchor(MiningRule rule) => rule is MiningRule.BatchHard or MiningRule.EasyPositive;

    /// <summary>Whether the rule draws at random among an anchor's negatives.</summary>
    public static bool Draws(MiningRule rule) => rule is MiningRule.RandomSemiHard or MiningRule.RandomHard or MiningRule.DistanceWeighted;

    /// <summary>Whether the rule follows from each anchor's extreme rows alone.</summary>
    public static bool NeedsOnlyExtremes(MiningRule rule) => SelectsOnePerAnchor(rule) || rule == MiningRule.HardNegative;
}
