using CommunityToolkit.HighPerformance;

namespace Tercet.Evaluation;

/// <summary>
/// How well each row finds the other rows of its identity among all other rows (closed-set identification, leaving one out), nearest first by float64; rows at equal distance come
/// in ascending order of row. A query is a row whose identity has another row; the rest are only found. With no query at all every figure is <see langword="null"/> or the list empty, never NaN.
/// </summary>
/// <remarks>R-precision and MAP@R are those of Musgrave, Belongie, Lim, <em>A Metric Learning Reality Check</em> (2020).</remarks>
public sealed record RetrievalReport
{
    /// <summary>Number of queries.</summary>
    public int Queries { get; init; }

    /// <summary>Fraction of the queries whose nearest row is of their identity: recall@1.</summary>
    public double? Rank1 { get; init; }

    /// <summary>Recall at each k asked for: the identification rate at rank k.</summary>
    public IReadOnlyList<RecallAtK> RecallAt { get; init; } = [];

    /// <summary>Mean over the queries of the fraction of right rows among the R nearest, R being the number of other rows of the query's identity.</summary>
    public double? RPrecision { get; init; }

    /// <summary>Mean over the queries of <c>(1/R) Σ_{i ≤ R} P(i)</c>, with P(i) the fraction of right rows among the i nearest where the i-th is right, else 0.</summary>
    public double? MapAtR { get; init; }

    /// <summary>Measures all of it.</summary>
    /// <param name="embeddings">The rows, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Their identities, <c>[N]</c>.</param>
    /// <param name="options">The metric and the k of recall@k.</param>
    /// <param name="cancellationToken">Stops between blocks of rows.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ArgumentException">There are no rows or columns, the labels are not as many as the rows, a row holds NaN or infinity, or a k is less than 1.</exception>
    public static RetrievalReport FromEmbeddings(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, EvaluationOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Measure(new RowDistances(embeddings, labels, options.Metric), new LabelGroups(labels), options, cancellationToken);
    }

    /// <summary>Measures rows that were looked at.</summary>
    internal static RetrievalReport Measure(RowDistances distances, LabelGroups groups, EvaluationOptions options, CancellationToken cancellationToken)
    {
        foreach (int k in options.RecallAt)
            ArgumentOutOfRangeException.ThrowIfLessThan(k, 1, nameof(options));
        int[] queries = [.. Enumerable.Range(0, distances.Count).Where(row => groups.Size[row] > 1)];
        if (queries.Length == 0)
            return new RetrievalReport();

        QueryRank[] results = QueryRanks.Measure(distances, groups, queries, options.RecallAt.DefaultIfEmpty(1).Max(), cancellationToken);

        // Summed in the order of rows: the figures do not depend on the number of threads.
        return new RetrievalReport
        {
            Queries = queries.Length,
            Rank1 = Recall(results, 1),
            RecallAt = [.. options.RecallAt.Select(k => new RecallAtK(k, Recall(results, k)))],
            RPrecision = results.Average(result => result.RPrecision),
            MapAtR = results.Average(result => result.AveragePrecision),
        };
    }

    private static double Recall(QueryRank[] results, int k) => (double)results.Count(result => result.FirstRight <= k) / results.Length;
}
