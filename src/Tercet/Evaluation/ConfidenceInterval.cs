namespace Tercet.Evaluation;

/// <summary>An interval that holds the true value with the confidence asked for, as far as its method goes.</summary>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
public readonly record struct ConfidenceInterval(double Low, double High)
{
    /// <summary>
    /// Wilson's score interval (1927) of a rate, as though all trials were independent. Says something even where nothing was hit: up to about z²/n.
    /// </summary>
    /// <param name="hits">How often it happened.</param>
    /// <param name="trials">Of how many, 1 or more.</param>
    /// <param name="confidence">The confidence, above 0 and below 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static ConfidenceInterval Wilson(long hits, long trials, double confidence = 0.95)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(trials, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(hits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(hits, trials);
        double z = NormalQuantile.TwoSided(confidence);
        double rate = (double)hits / trials;
        double shrink = 1 + (z * z / trials);
        double centre = (rate + (z * z / (2.0 * trials))) / shrink;
        double half = z / shrink * Math.Sqrt((rate * (1 - rate) / trials) + (z * z / (4.0 * trials * trials)));
        return new ConfidenceInterval(hits == 0 ? 0 : centre - half, hits == trials ? 1 : centre + half);
    }

    /// <summary>The smallest interval that holds both.</summary>
    internal ConfidenceInterval Or(ConfidenceInterval other) => new(Math.Min(Low, other.Low), Math.Max(High, other.High));
}
