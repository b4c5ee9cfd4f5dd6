namespace Tercet.Cli.Output;

/// <summary>The answer of <c>search --json</c>.</summary>
internal sealed record SearchJson(string Gallery, long Generation, string Metric, double SearchMs, IReadOnlyList<MatchJson> Matches);
