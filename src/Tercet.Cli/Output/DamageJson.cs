namespace Tercet.Cli.Output;

internal sealed record DamageJson(string File, long Block, long LostRows);
