namespace Tercet.Cli.Output;

/// <summary>The answer of <c>search --json</c>. SearchMs is the time of the searches alone; Approximation is null for exact ones.</summary>
internal sealed record SearchJson(string Gallery, long Generation, string Metric, double SearchMs, ApproximationJson? Approximation, IReadOnlyList<MatchJson> Matches);
