namespace Tercet.Evaluation;

/// <summary>
/// How uncertain a rate over pairs is when identities, not pairs, were drawn: pairs that share one are not independent. Each identity in turn is left out with all its pairs
/// (the delete-one jackknife; for pairs of two identities that is the variance of a U-statistic of order two: Arvesen 1969).
/// </summary>
internal static class IdentityJackknife
{
    /// <summary>The interval of a rate, normal on the logit scale.</summary>
    /// <param name="hits">Pairs hit.</param>
    /// <param name="pairs">All pairs.</param>
    /// <param name="hitsOf">By identity: pairs hit that it has a part in.</param>
    /// <param name="pairsOf">By identity: all pairs that it has a part in; those without any do not count.</param>
    /// <param name="confidence">The confidence.</param>
    /// <returns>The interval; from 0 to 1 where leaving one identity out leaves no pair; null where nothing or everything is hit, of which it says nothing.</returns>
    public static ConfidenceInterval? Interval(long hits, long pairs, ReadOnlySpan<long> hitsOf, ReadOnlySpan<long> pairsOf, double confidence)
    {
        if (hits == 0 || hits == pairs)
            return null;
        (int identities, double mean, double squares) = (0, 0, 0);
        for (int i = 0; i < hitsOf.Length; i++)
        {
            if (pairsOf[i] == 0)
                continue;
            if (pairsOf[i] == pairs)
                return new ConfidenceInterval(0, 1);
            double without = (double)(hits - hitsOf[i]) / (pairs - pairsOf[i]);
            double step = without - mean;
            mean += step / ++identities;
            squares += step * (without - mean);
        }

        double error = Math.Sqrt((identities - 1.0) / identities * squares);
        double rate = (double)hits / pairs;
        double centre = Math.Log(rate / (1 - rate));
        double half = NormalQuantile.TwoSided(confidence) * error / (rate * (1 - rate));
        return new ConfidenceInterval(1 / (1 + Math.Exp(half - centre)), 1 / (1 + Math.Exp(-half - centre)));
    }
}
