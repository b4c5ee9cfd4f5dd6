namespace Tercet.Cli.Output;

/// <summary>VAL at a false-accept rate.</summary>
internal sealed record ValidationJson(double TargetFar, double Far, long FalseAccepts, double Validation, double Threshold);
