namespace Tercet.Evaluation;

/// <summary>One operating point: every pair with d ≤ threshold is accepted as one identity.</summary>
/// <param name="Threshold">The threshold in the metric's unit; <see cref="RocCurve.RejectAll"/> accepts nothing.</param>
/// <param name="FalseAcceptRate">Fraction of the pairs of two identities that are accepted (FAR).</param>
/// <param name="ValidationRate">Fraction of the pairs of one identity that are accepted (VAL, the true accept rate).</param>
public readonly record struct RocPoint(double Threshold, double FalseAcceptRate, double ValidationRate);
