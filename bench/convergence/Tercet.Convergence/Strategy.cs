using Tercet.Mining;
using Tercet.Train;

namespace Tercet.Convergence;

/// <summary>One way of choosing triplets.</summary>
/// <param name="Name">Its name in files and tables.</param>
/// <param name="Apply">What it changes.</param>
internal sealed record Strategy(string Name, Func<TrainingOptions, TrainingOptions> Apply)
{
    /// <summary>What all others are held against.</summary>
    public const string Baseline = "random";

    /// <summary>All of them, in the order of the tables.</summary>
    public static IReadOnlyList<Strategy> All { get; } =
    [
        new(Baseline, options => options with { Rule = TrainingRule.Random }),
        new("random-hard", options => options with { Rule = TrainingRule.RandomHard }),
        new("hard-negative", options => options with { Rule = TrainingRule.HardNegative, Guard = false }),
        new("hard-negative-guarded", options => options with { Rule = TrainingRule.HardNegative }),
        new("semi-hard", options => options),
        // What there is without mining and without batches made for it: independent triplets, as many as the offline list has a step.
        new("random-offline", options => options with { Rule = TrainingRule.Random, Mining = MiningMode.Offline }),
        new("semi-hard-offline", options => options with { Mining = MiningMode.Offline }),
        new("batch-hard-soft", options => options with { Rule = TrainingRule.BatchHard, Loss = LossForm.SoftMargin, Metric = DistanceMetric.Euclidean, Guard = false }),
        new("batch-all", options => options with { Rule = TrainingRule.BatchAll }),
    ];
}
