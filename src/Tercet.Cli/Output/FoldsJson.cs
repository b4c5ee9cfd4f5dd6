namespace Tercet.Cli.Output;

/// <summary>Pair accuracy over folds.</summary>
internal sealed record FoldsJson(int Folds, double Accuracy, double StandardDeviation);
