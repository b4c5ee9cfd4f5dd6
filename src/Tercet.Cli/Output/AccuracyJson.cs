namespace Tercet.Cli.Output;

/// <summary>Pair accuracy at a threshold.</summary>
internal sealed record AccuracyJson(double Threshold, double Accuracy, double BalancedAccuracy);
