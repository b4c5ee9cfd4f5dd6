using Tercet.Mining;
using Tercet.Train;

namespace Tercet.Convergence;

/// <summary>One way of choosing triplets.</summary>
/// <param name="Name">Its name in files and tables.</param>
/// <param name="Apply">What it changes.</param>
internal sealed record Strategy(string Name, Func<TrainingOptions, TrainingOptions> Apply)
{
    /// <summary>What all others are held against: any negative for every pair of the batch.</summary>
    public const string Baseline = "random";

    /// <summary>The other thing that is called random triplets: each drawn for itself.</summary>
    public const string SingleBaseline = "random-offline";

    /// <summary>All of them, in the order of the tables.</summary>
    public static IReadOnlyList<Strategy> All { get; } =
    [
        new(Baseline, options => options with { Rule = TrainingRule.Random }),
        new("random-hard", options => options with { Rule = TrainingRule.RandomHard }),
        new("hard-negative", options => options with { Rule = TrainingRule.HardNegative, Guard = false }),
        new("hard-negative-guarded", options => options with { Rule = TrainingRule.HardNegative }),
        new("semi-hard", options => options),
        // From a list as long as the offline one, for which nothing would need to be embedded.
        new(SingleBaseline, options => options with { Rule = TrainingRule.Random, Mining = MiningMode.Offline }),
        new("semi-hard-offline", options => options with { Mining = MiningMode.Offline }),
        new("batch-hard-soft", options => options with { Rule = TrainingRule.BatchHard, Loss = LossForm.SoftMargin, Metric = DistanceMetric.Euclidean, Guard = false }),
        new("batch-all", options => options with { Rule = TrainingRule.BatchAll }),
    ];
}
