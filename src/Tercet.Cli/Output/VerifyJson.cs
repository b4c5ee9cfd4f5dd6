namespace Tercet.Cli.Output;

/// <summary>The answer of <c>index verify --json</c>.</summary>
internal sealed record VerifyJson(string Gallery, long Generation, long Rows, int Segments, long Bytes, IReadOnlyList<DamageJson> Repaired);
