namespace Tercet.Evaluation;

/// <summary>Accuracy with a threshold that was never chosen on the pairs it is measured on.</summary>
/// <param name="Folds">Number of folds.</param>
/// <param name="Mean">Mean of the folds' accuracies.</param>
/// <param name="StandardDeviation">Standard deviation of the folds' accuracies (of the population, as LFW results give it).</param>
/// <param name="Accuracies">By fold: the accuracy on its own pairs of the threshold chosen on all others.</param>
/// <param name="Thresholds">By fold: that threshold.</param>
public sealed record FoldAccuracy(int Folds, double Mean, double StandardDeviation, IReadOnlyList<double> Accuracies, IReadOnlyList<double> Thresholds);
