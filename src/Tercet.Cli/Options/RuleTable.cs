using Tercet.Mining;

namespace Tercet.Cli.Options;

/// <summary>The rules' names on the command line, and the engine's calls behind them.</summary>
internal static class RuleTable
{
    /// <summary>The rules that select one triplet per anchor or per anchor-positive pair.</summary>
    public static readonly (string Name, RuleName Rule)[] Selecting =
    [
        ("batch-hard", RuleName.BatchHard),
        ("hard-negative", RuleName.HardNegative),
        ("semi-hard", RuleName.SemiHard),
        ("random-semi-hard", RuleName.RandomSemiHard),
        ("random-hard", RuleName.RandomHard),
        ("easy-positive", RuleName.EasyPositive),
        ("distance-weighted", RuleName.DistanceWeighted),
    ];

    /// <summary>What <c>mine</c> takes.</summary>
    public static readonly (string Name, RuleName Rule)[] Mining =
    [
        .. Selecting,
        ("all", RuleName.AllViolating),
        ("hard", RuleName.AllHard),
        ("semihard", RuleName.AllSemiHard),
        ("easy", RuleName.AllEasy),
        ("multi-similarity", RuleName.MultiSimilarity),
    ];

    /// <summary>What <c>loss</c> takes.</summary>
    public static readonly (string Name, RuleName Rule)[] Loss = [.. Selecting, ("batch-all", RuleName.BatchAll)];

    /// <summary>The rule's name on the command line.</summary>
    public static string NameOf(RuleName rule) =>
        rule == RuleName.BatchAll ? "batch-all" : Mining.First(entry => entry.Rule == rule).Name;

    /// <summary>The engine's rule, for those that select; null for the others.</summary>
    public static MiningRule? Selection(RuleName rule) => rule switch
    {
        RuleName.BatchHard => MiningRule.BatchHard,
        RuleName.HardNegative => MiningRule.HardNegative,
        RuleName.SemiHard => MiningRule.SemiHard,
        RuleName.RandomSemiHard => MiningRule.RandomSemiHard,
        RuleName.RandomHard => MiningRule.RandomHard,
        RuleName.EasyPositive => MiningRule.EasyPositive,
        RuleName.DistanceWeighted => MiningRule.DistanceWeighted,
        _ => null,
    };

    /// <summary>The set of triplets, for the rules that stream one; null for the others.</summary>
    public static TripletKind? Stream(RuleName rule) => rule switch
    {
        RuleName.AllViolating => TripletKind.All,
        RuleName.AllHard => TripletKind.Hard,
        RuleName.AllSemiHard => TripletKind.SemiHard,
        RuleName.AllEasy => TripletKind.Easy,
        _ => null,
    };
}
