using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>
/// Best-threshold accuracy with k folds, the protocol of Labeled Faces in the Wild (Huang et al. 2007): each fold is decided with the threshold that is most accurate
/// on the other folds.
/// </summary>
/// <remarks>
/// The folds part the pairs at random from a seed, each kind separately and as evenly as can be; unlike LFW's own list they do not part the identities, since of all
/// pairs of a set most would then fall between two folds. The threshold lies half-way between the last accepted and the first rejected distance of the other folds; of
/// equally accurate thresholds the lowest is taken. Accuracies weigh the two kinds by how many pairs of each exist.
/// </remarks>
public static class FoldProtocol
{
    /// <summary>Runs the protocol.</summary>
    /// <param name="scores">The pairs.</param>
    /// <param name="folds">Number of folds, from 2 to 255. Default 10, LFW's.</param>
    /// <param name="seed">The seed of the folds. Default 0.</param>
    /// <returns>The accuracies; <see langword="null"/> when a kind has fewer pairs than there are folds.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="folds"/> is not from 2 to 255.</exception>
    public static FoldAccuracy? Run(PairScores scores, int folds = 10, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(folds, 255);
        if (scores.Same.Length < folds || scores.Different.Length < folds)
            return null;

        byte[] sameFolds = Assign(scores.Same.Length, folds, seed, 3);
        byte[] differentFolds = Assign(scores.Different.Length, folds, seed, 4);
        double[] accuracies = new double[folds];
        double[] thresholds = new double[folds];
        Parallel.For(0, folds, fold =>
        {
            thresholds[fold] = BestThreshold(scores, sameFolds, differentFolds, fold);
            accuracies[fold] = Accuracy(scores, sameFolds, differentFolds, fold, thresholds[fold]);
        });
        double mean = accuracies.Average();
        double deviation = Math.Sqrt(accuracies.Average(a => (a - mean) * (a - mean)));
        return new FoldAccuracy(folds, mean, deviation, accuracies, thresholds);
    }

    private static byte[] Assign(int count, int folds, ulong seed, ulong stream)
    {
        byte[] assigned = new byte[count];
        for (int i = 0; i < count; i++)
            assigned[i] = (byte)(i % folds);
        new SplitMix64(seed, stream, 0).Shuffle<byte>(assigned);
        return assigned;
    }

    private static double BestThreshold(PairScores scores, byte[] sameFolds, byte[] differentFolds, int without)
    {
        ReadOnlySpan<float> same = scores.Same;
        ReadOnlySpan<float> different = scores.Different;
        (double sameWeight, double differentWeight) = Weights(scores);
        double gain = 0, best = 0, threshold = RocCurve.RejectAll;
        double lastSeen = RocCurve.RejectAll;
        bool isOpen = false;
        for (int s = 0, d = 0; s < same.Length || d < different.Length;)
        {
            float at = SortedScores.Smaller(same, s, different, d);
            (int sames, int differents) = (0, 0);
            for (; s < same.Length && same[s] == at; s++)
                sames += sameFolds[s] == without ? 0 : 1;
            for (; d < different.Length && different[d] == at; d++)
                differents += differentFolds[d] == without ? 0 : 1;
            if (sames + differents == 0)
                continue;

            // The best threshold so far ends where the next distance of these folds begins.
            if (isOpen)
                threshold = (lastSeen + at) / 2;
            gain += (sames * sameWeight) - (differents * differentWeight);
            isOpen = gain > best;
            if (isOpen)
                (best, threshold) = (gain, at);
            lastSeen = at;
        }

        return threshold;
    }

    private static double Accuracy(PairScores scores, byte[] sameFolds, byte[] differentFolds, int fold, double threshold)
    {
        (double sameWeight, double differentWeight) = Weights(scores);
        (long sameAll, long sameRight) = Count(scores.Same, sameFolds, fold, threshold);
        (long differentAll, long differentWrong) = Count(scores.Different, differentFolds, fold, threshold);
        double right = (sameRight * sameWeight) + ((differentAll - differentWrong) * differentWeight);
        return right / ((sameAll * sameWeight) + (differentAll * differentWeight));
    }

    private static (long All, long Accepted) Count(ReadOnlySpan<float> ascending, byte[] folds, int fold, double threshold)
    {
        int end = SortedScores.CountUpTo(ascending, threshold);
        long accepted = folds.AsSpan(0, end).Count((byte)fold);
        return (accepted + folds.AsSpan(end).Count((byte)fold), accepted);
    }

    // How many existing pairs each held pair stands for: 1 and 1 unless sampled, so that sums of weights stay exact.
    private static (double Same, double Different) Weights(PairScores scores) =>
        ((double)scores.SamePairs / scores.Same.Length, (double)scores.DifferentPairs / scores.Different.Length);
}
