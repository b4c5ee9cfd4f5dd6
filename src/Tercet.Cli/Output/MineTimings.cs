namespace Tercet.Cli.Output;

/// <summary>Where the time of <c>mine</c> went, in milliseconds.</summary>
/// <param name="LoadMs">Reading the files.</param>
/// <param name="MineMs">Median of the timed calls of the selection alone.</param>
/// <param name="StatisticsMs">One further call that also counts all valid triplets; null when not asked for.</param>
/// <param name="WriteMs">Writing the result.</param>
internal sealed record MineTimings(double LoadMs, double MineMs, double? StatisticsMs, double WriteMs);
