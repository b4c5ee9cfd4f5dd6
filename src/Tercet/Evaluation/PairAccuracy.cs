namespace Tercet.Evaluation;

/// <summary>How often a threshold decides rightly whether a pair is of one identity.</summary>
/// <param name="Threshold">Pairs with d ≤ threshold are accepted.</param>
/// <param name="Accuracy">Fraction of all pairs decided rightly, each kind weighed by how many pairs of it exist.</param>
/// <param name="BalancedAccuracy">Mean of the two kinds' fractions, as if there were equally many; where a kind has no pairs, the other's alone.</param>
public readonly record struct PairAccuracy(double Threshold, double Accuracy, double BalancedAccuracy)
{
    /// <summary>The accuracy of a threshold; <see langword="null"/> when there are no pairs at all.</summary>
    /// <param name="scores">The pairs.</param>
    /// <param name="threshold">The threshold in their unit.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="threshold"/> is not finite.</exception>
    public static PairAccuracy? At(PairScores scores, double threshold)
    {
        ArgumentNullException.ThrowIfNull(scores);
        if (!double.IsFinite(threshold))
            throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "A threshold is finite.");
        if (scores.SamePairs + scores.DifferentPairs == 0)
            return null;

        return Of(
            threshold,
            Rate(SortedScores.CountUpTo(scores.Same, threshold), scores.Same.Length),
            scores.SamePairs,
            Rate(SortedScores.CountUpTo(scores.Different, threshold), scores.Different.Length),
            scores.DifferentPairs);
    }

    /// <summary>The accuracy that follows from the accepted fractions of both kinds; there are pairs of one at least.</summary>
    internal static PairAccuracy Of(double threshold, double sameAccepted, long samePairs, double differentAccepted, long differentPairs)
    {
        double same = samePairs == 0 ? 0 : sameAccepted;
        double different = differentPairs == 0 ? 0 : 1 - differentAccepted;
        int kinds = (samePairs == 0 ? 0 : 1) + (differentPairs == 0 ? 0 : 1);
        double right = (same * samePairs) + (different * differentPairs);
        return new PairAccuracy(threshold, right / (samePairs + differentPairs), (same + different) / kinds);
    }

    internal static double Rate(long hits, long pairs) => pairs == 0 ? 0 : (double)hits / pairs;
}
