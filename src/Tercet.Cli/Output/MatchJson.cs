namespace Tercet.Cli.Output;

internal sealed record MatchJson(int Query, long Id, float Distance, string Label, string Source);
