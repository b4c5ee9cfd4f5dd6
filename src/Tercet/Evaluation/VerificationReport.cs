namespace Tercet.Evaluation;

/// <summary>
/// How well distances tell pairs of one identity from pairs of two. What needs pairs that are not there is <see langword="null"/> (or an empty list), never NaN.
/// </summary>
public sealed record VerificationReport
{
    /// <summary>Pairs of one identity that exist.</summary>
    public long SamePairs { get; init; }

    /// <summary>Pairs of two identities that exist.</summary>
    public long DifferentPairs { get; init; }

    /// <summary>
    /// Whether figures are estimated from a sample of the pairs: all of them in a report by <see cref="FromScores"/>; in an <see cref="EvaluationReport"/> the means, the AUC and the
    /// accuracy by folds, while VAL at FAR, the equal error rate and the accuracy at a threshold are counted over all pairs (should no norm be above 2⁶⁰).
    /// </summary>
    public bool IsSampled { get; init; }

    /// <summary>Mean distance of the same pairs held; null without any.</summary>
    public double? MeanSameDistance { get; init; }

    /// <summary>Mean distance of the different pairs held; null without any.</summary>
    public double? MeanDifferentDistance { get; init; }

    /// <summary>Area under the ROC curve; null without pairs of both kinds.</summary>
    public double? Auc { get; init; }

    /// <summary>The equal error rate; null without pairs of both kinds.</summary>
    public EqualErrorRate? EqualErrorRate { get; init; }

    /// <summary>VAL at each false accept rate asked for; empty without pairs of both kinds.</summary>
    public IReadOnlyList<ValidationAtFar> ValidationAtFar { get; init; } = [];

    /// <summary>Accuracy at the threshold asked for; null when none was, or without any pairs.</summary>
    public PairAccuracy? AtThreshold { get; init; }

    /// <summary>Best-threshold accuracy by folds; null when a kind has fewer pairs than there are folds.</summary>
    public FoldAccuracy? BestThreshold { get; init; }

    /// <summary>A threshold for each wanted false accept rate; empty without pairs of both kinds, and in a report by <see cref="FromScores"/>.</summary>
    public IReadOnlyList<ThresholdSuggestion> Suggestions { get; init; } = [];

    /// <summary>Measures all of it but the suggestions.</summary>
    /// <param name="scores">The pairs.</param>
    /// <param name="options">False accept rates, threshold, folds and seed.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static VerificationReport FromScores(PairScores scores, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(options);
        RocCurve? curve = RocCurve.FromScores(scores);
        return new VerificationReport
        {
            SamePairs = scores.SamePairs,
            DifferentPairs = scores.DifferentPairs,
            IsSampled = scores.IsSampled,
            MeanSameDistance = Mean(scores.Same),
            MeanDifferentDistance = Mean(scores.Different),
            Auc = curve?.Auc,
            EqualErrorRate = curve?.EqualErrorRate,
            ValidationAtFar = curve is null ? [] : [.. options.FalseAcceptRates.Select(curve.ValidationAt)],
            AtThreshold = options.Threshold is double threshold ? PairAccuracy.At(scores, threshold) : null,
            BestThreshold = FoldProtocol.Run(scores, options.Folds, options.Seed),
        };
    }

    private static double? Mean(ReadOnlySpan<float> distances)
    {
        double sum = 0;
        foreach (float distance in distances)
            sum += distance;
        return distances.IsEmpty ? null : sum / distances.Length;
    }
}
