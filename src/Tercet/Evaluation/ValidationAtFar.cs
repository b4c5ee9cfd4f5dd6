namespace Tercet.Evaluation;

/// <summary>VAL at a false accept rate, as FaceNet reports it.</summary>
/// <param name="TargetFar">The false accept rate allowed.</param>
/// <param name="Far">The false accept rate reached, at most the target.</param>
/// <param name="FalseAccepts">Number of held pairs of two identities accepted; with fewer than 1/target of those the target cannot be told from 0.</param>
/// <param name="Validation">Fraction of the pairs of one identity accepted.</param>
/// <param name="Threshold">The largest distance that is accepted; <see cref="RocCurve.RejectAll"/> when none is.</param>
public readonly record struct ValidationAtFar(double TargetFar, double Far, long FalseAccepts, double Validation, double Threshold);
