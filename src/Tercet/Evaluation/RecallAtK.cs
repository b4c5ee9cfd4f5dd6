namespace Tercet.Evaluation;

/// <summary>Recall among the nearest rows.</summary>
/// <param name="K">How many of the nearest other rows are looked at; all of them when there are fewer.</param>
/// <param name="Recall">Fraction of the queries that have a row of their own identity among those.</param>
public readonly record struct RecallAtK(int K, double Recall);
