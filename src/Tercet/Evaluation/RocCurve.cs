namespace Tercet.Evaluation;

/// <summary>
/// The receiver operating characteristic of verification by distance: a pair is accepted as one identity when d ≤ t. Equal distances are accepted or
/// rejected together, so ties are counted exactly. Needs pairs of both kinds.
/// </summary>
public sealed class RocCurve
{
    /// <summary>The threshold that accepts nothing: −1, below every distance.</summary>
    public const double RejectAll = -1;

    private readonly PairScores _scores;

    private RocCurve(PairScores scores)
    {
        _scores = scores;
        (Auc, EqualErrorRate) = Sweep();
    }

    /// <summary>Area under the curve: the probability that a same pair is nearer than a different pair, equal distances counting half.</summary>
    public double Auc { get; }

    /// <summary>The equal error rate.</summary>
    public EqualErrorRate EqualErrorRate { get; }

    /// <summary>The curve of a set of pairs; <see langword="null"/> when it has no pairs of one of the two kinds, and so no rates.</summary>
    /// <param name="scores">The pairs.</param>
    public static RocCurve? FromScores(PairScores scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        return scores.Same.IsEmpty || scores.Different.IsEmpty ? null : new RocCurve(scores);
    }

    /// <summary>
    /// VAL@FAR by FaceNet's definition (section 4): the largest threshold with FAR ≤ the target, and the fraction of same pairs it accepts. No interpolation: FAR is that of a
    /// threshold that exists, and equal distances are taken together.
    /// </summary>
    /// <param name="far">The false accept rate allowed, from 0 to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="far"/> is not from 0 to 1.</exception>
    public ValidationAtFar ValidationAt(double far)
    {
        ReadOnlySpan<float> same = _scores.Same;
        ReadOnlySpan<float> different = _scores.Different;
        int allowed = (int)Allowed(far, different.Length);

        // The first different pair that must stay out takes its equals with it.
        (int falseAccepts, int accepts) = (different.Length, same.Length);
        if (allowed < different.Length)
        {
            falseAccepts = SortedScores.CountBelow(different, different[allowed]);
            accepts = SortedScores.CountBelow(same, different[allowed]);
        }

        double threshold = Math.Max(accepts == 0 ? RejectAll : same[accepts - 1], falseAccepts == 0 ? RejectAll : different[falseAccepts - 1]);
        return new ValidationAtFar(far, (double)falseAccepts / different.Length, falseAccepts, (double)accepts / same.Length, threshold);
    }

    /// <summary>The operating point of a threshold.</summary>
    /// <param name="threshold">The largest distance accepted.</param>
    public RocPoint At(double threshold) => new(
        threshold,
        (double)SortedScores.CountUpTo(_scores.Different, threshold) / _scores.Different.Length,
        (double)SortedScores.CountUpTo(_scores.Same, threshold) / _scores.Same.Length);

    /// <summary>Points for drawing, from (0, 0) to (1, 1), both rates never falling.</summary>
    /// <param name="maximum">Most points, 2 or more; they are taken evenly along both kinds of pairs.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximum"/> is less than 2.</exception>
    public RocPoint[] Points(int maximum = 512)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 2);
        SortedSet<float> thresholds = [];
        int each = (maximum - 2) / 2;
        for (int i = 0; i < each; i++)
        {
            thresholds.Add(_scores.Same[(int)((long)i * _scores.Same.Length / each)]);
            thresholds.Add(_scores.Different[(int)((long)i * _scores.Different.Length / each)]);
        }

        thresholds.Add(Math.Max(_scores.Same[^1], _scores.Different[^1]));
        return [At(RejectAll), .. thresholds.Select(t => At(t))];
    }

    /// <summary>The most pairs that may be accepted of so many, so that the rate is not above another.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="far"/> is not from 0 to 1.</exception>
    internal static long Allowed(double far, long pairs)
    {
        if (!(far >= 0 && far <= 1))
            throw new ArgumentOutOfRangeException(nameof(far), far, "A false accept rate is from 0 to 1.");
        long allowed = (long)(far * pairs);

        // The product is rounded: the rate itself decides.
        if ((double)(allowed + 1) / pairs <= far)
            return allowed + 1;
        return (double)allowed / pairs > far ? allowed - 1 : allowed;
    }

    private (double Auc, EqualErrorRate Error) Sweep()
    {
        ReadOnlySpan<float> same = _scores.Same;
        ReadOnlySpan<float> different = _scores.Different;
        Int128 doubledArea = 0;
        EqualErrorRate? error = null;
        (double far, double frr) = (0, 1);
        for (int s = 0, d = 0; s < same.Length || d < different.Length;)
        {
            float at = SortedScores.Smaller(same, s, different, d);
            int sameBefore = s;
            int differentBefore = d;
            while (s < same.Length && same[s] == at)
                s++;
            while (d < different.Length && different[d] == at)
                d++;

            doubledArea += (Int128)(d - differentBefore) * ((long)sameBefore + s);
            (double nextFar, double nextFrr) = ((double)d / different.Length, (double)(same.Length - s) / same.Length);
            if (error is null && nextFar >= nextFrr)
            {
                double before = frr - far;
                double after = nextFrr - nextFar;
                error = new EqualErrorRate(far + (before / (before - after) * (nextFar - far)), at);
            }

            (far, frr) = (nextFar, nextFrr);
        }

        return ((double)doubledArea / (2.0 * same.Length * different.Length), error!.Value);
    }
}
