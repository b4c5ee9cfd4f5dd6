namespace Tercet.Evaluation;

/// <summary>Where as many different pairs are accepted as same pairs are rejected.</summary>
/// <param name="Rate">FAR = 1 − VAL on the straight line between the two neighbouring operating points.</param>
/// <param name="Threshold">The smallest observed distance at which FAR ≥ 1 − VAL.</param>
public readonly record struct EqualErrorRate(double Rate, double Threshold);
