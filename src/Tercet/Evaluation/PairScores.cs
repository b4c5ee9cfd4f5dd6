using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>
/// The distances of the unordered pairs of rows, those of one identity and those of two apart, each sorted ascending. All pairs where they fit into
/// the limit given, otherwise a seeded sample of each of the two kinds. What the two kinds' rates (FAR, VAL, AUC, EER) say does not depend on how many of each there
/// are; accuracies weigh the kinds by <see cref="SamePairs"/> and <see cref="DifferentPairs"/>, so a sample estimates them without bias.
/// </summary>
public sealed class PairScores
{
    /// <summary>The pairs held unless a call says otherwise: 2²⁶, 256 MiB, all pairs of 11,585 rows.</summary>
    public const int DefaultMaximumPairs = 1 << 26;

    private readonly float[] _same;
    private readonly float[] _different;

    private PairScores(float[] same, float[] different, long samePairs, long differentPairs, DistanceMetric metric)
    {
        Parallel.Invoke(() => Array.Sort(same), () => Array.Sort(different));
        (_same, _different, SamePairs, DifferentPairs, Metric) = (same, different, samePairs, differentPairs, metric);
    }

    /// <summary>Distances of pairs of one identity, ascending.</summary>
    public ReadOnlySpan<float> Same => _same;

    /// <summary>Distances of pairs of two identities, ascending.</summary>
    public ReadOnlySpan<float> Different => _different;

    /// <summary>Number of pairs of one identity that exist.</summary>
    public long SamePairs { get; }

    /// <summary>Number of pairs of two identities that exist.</summary>
    public long DifferentPairs { get; }

    /// <summary>Whether only a sample of the pairs is held.</summary>
    public bool IsSampled => _same.LongLength + _different.LongLength < SamePairs + DifferentPairs;

    /// <summary>The unit of the distances.</summary>
    public DistanceMetric Metric { get; }

    /// <summary>Measures the pairs of a set of embeddings.</summary>
    /// <param name="embeddings">The rows, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Their identities, <c>[N]</c>.</param>
    /// <param name="metric">The metric.</param>
    /// <param name="maximumPairs">
    /// Most pairs to hold, 4 bytes each, 2 or more. When there are more, half of it at most goes to pairs of one identity and the rest to pairs of two; a kind that does not fit is drawn
    /// evenly with replacement.
    /// </param>
    /// <param name="seed">The seed of the sample. The result does not depend on the number of threads.</param>
    /// <exception cref="ArgumentException">There are no rows or columns, the labels are not as many as the rows, or a row holds NaN or infinity.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumPairs"/> is less than 2.</exception>
    public static PairScores FromEmbeddings(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, DistanceMetric metric, int maximumPairs = DefaultMaximumPairs, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumPairs, 2);
        return Measure(new RowDistances(embeddings, labels, metric), new LabelGroups(labels), maximumPairs, seed);
    }

    /// <summary>Measures the pairs of rows that were looked at before.</summary>
    internal static PairScores Measure(RowDistances distances, LabelGroups groups, int maximumPairs, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumPairs, 2);
        DistanceMetric metric = distances.Metric;
        (long samePairs, long differentPairs) = (groups.SamePairs, groups.DifferentPairs);
        if (samePairs + differentPairs <= Math.Min(maximumPairs, Array.MaxLength))
        {
            (float[] allSame, float[] allDifferent) = MeasureAll(distances, groups);
            return new PairScores(allSame, allDifferent, samePairs, differentPairs, metric);
        }

        int limit = Math.Min(maximumPairs, Array.MaxLength);
        long sameCount = Math.Min(samePairs, Math.Max(limit / 2, limit - differentPairs));
        long differentCount = Math.Min(differentPairs, limit - sameCount);
        PairSampler sampler = new(distances, groups, seed);
        return new PairScores(sampler.Same((int)sameCount), sampler.Different((int)differentCount), samePairs, differentPairs, metric);
    }

    /// <summary>Takes distances measured elsewhere.</summary>
    /// <param name="same">Distances of pairs of one identity, in any order.</param>
    /// <param name="different">Distances of pairs of two identities, in any order.</param>
    /// <param name="metric">Their unit.</param>
    /// <exception cref="ArgumentException">A distance is negative, NaN or infinite.</exception>
    public static PairScores FromDistances(ReadOnlySpan<float> same, ReadOnlySpan<float> different, DistanceMetric metric)
    {
        Check(same, nameof(same));
        Check(different, nameof(different));
        return new PairScores(same.ToArray(), different.ToArray(), same.Length, different.Length, metric);
    }

    private static void Check(ReadOnlySpan<float> distances, string parameter)
    {
        for (int index = 0; index < distances.Length; index++)
        {
            if (!float.IsFinite(distances[index]) || distances[index] < 0)
                throw new ArgumentException($"Distance {index} is {distances[index]}; distances are finite and not negative.", parameter);
        }
    }

    private static (float[] Same, float[] Different) MeasureAll(RowDistances distances, LabelGroups groups)
    {
        int count = distances.Count;
        int[] sameBefore = new int[count];
        int[] differentBefore = new int[count];
        (int same, int different) = (0, 0);
        for (int row = 0; row < count; row++)
        {
            (sameBefore[row], differentBefore[row]) = (same, different);
            int later = groups.Start[row] + groups.Size[row] - 1 - groups.Position[row];
            same += later;
            different += count - 1 - row - later;
        }

        float[] sameScores = new float[same];
        float[] differentScores = new float[different];
        Parallel.For(0, count, row =>
        {
            (int toSame, int toDifferent) = (sameBefore[row], differentBefore[row]);
            for (int other = row + 1; other < count; other++)
            {
                if (groups.GroupOf[row] == groups.GroupOf[other])
                    sameScores[toSame++] = distances[row, other];
                else
                    differentScores[toDifferent++] = distances[row, other];
            }
        });
        return (sameScores, differentScores);
    }
}
