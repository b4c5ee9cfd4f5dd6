using Tercet.Mining;

namespace Tercet.Cli.Commands;

/// <summary>What a <see cref="MiningPlan"/> found.</summary>
/// <param name="Statistics">The statistics, with all counts where they were asked for.</param>
/// <param name="MineMs">Median time of the selection alone, in milliseconds.</param>
/// <param name="StatisticsMs">Time of the further call that counts; null where there was none.</param>
internal sealed record MiningOutcome(MiningStatistics Statistics, double MineMs, double? StatisticsMs);
