namespace Tercet.Cli.Output;

/// <summary>The answer of <c>verify-pair --json</c>.</summary>
internal sealed record VerifyPairJson(string First, string Second, double SquaredDistance, double Cosine, double? Threshold, bool? IsSame);
