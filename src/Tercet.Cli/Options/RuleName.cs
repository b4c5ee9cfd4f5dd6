namespace Tercet.Cli.Options;

/// <summary>Every rule that the command line knows.</summary>
internal enum RuleName
{
    BatchHard,
    HardNegative,
    SemiHard,
    RandomSemiHard,
    RandomHard,
    EasyPositive,
    DistanceWeighted,
    AllViolating,
    AllHard,
    AllSemiHard,
    AllEasy,
    MultiSimilarity,
    BatchAll,
}
