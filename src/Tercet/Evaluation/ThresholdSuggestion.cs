namespace Tercet.Evaluation;

/// <summary>
/// A threshold for a wanted false accept rate, from all pairs, and how sure it is. Each interval of a rate is, on either side, the wider of two: Wilson's over pairs,
/// as though they were independent, and the delete-one-identity jackknife on the logit scale, since they are not (pairs share identities). The threshold's own interval is
/// Woodruff's (1952): the thresholds at which the rate reaches the two ends of its interval, each outwards to the next of steps of 2⁻¹¹.
/// </summary>
/// <param name="TargetFar">The false accept rate wanted.</param>
/// <param name="Threshold">The largest distance at which FAR is not above it; <see cref="RocCurve.RejectAll"/> when that accepts nothing.</param>
/// <param name="Far">The false accept rate reached.</param>
/// <param name="FalseAccepts">Pairs of two identities accepted.</param>
/// <param name="Validation">Fraction of the pairs of one identity accepted.</param>
/// <param name="Confidence">The confidence of the intervals.</param>
/// <param name="FarInterval">Where the true false accept rate of the threshold lies.</param>
/// <param name="ValidationInterval">Where the true validation rate of the threshold lies.</param>
/// <param name="ThresholdInterval">Where the threshold of the wanted rate lies.</param>
public sealed record ThresholdSuggestion(
    double TargetFar,
    double Threshold,
    double Far,
    long FalseAccepts,
    double Validation,
    double Confidence,
    ConfidenceInterval FarInterval,
    ConfidenceInterval ValidationInterval,
    ConfidenceInterval ThresholdInterval);
