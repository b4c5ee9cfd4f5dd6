using CommunityToolkit.HighPerformance;

namespace Tercet.Evaluation;

/// <summary>
/// How well each row finds the other rows of its identity among all other rows, nearest first; rows at equal distance come in ascending order of row. A query is a row
/// whose identity has another row; the rest are only found. With no query at all every figure is <see langword="null"/> or the list empty, never NaN.
/// </summary>
/// <remarks>R-precision and MAP@R are those of Musgrave, Belongie, Lim, <em>A Metric Learning Reality Check</em> (2020).</remarks>
public sealed record RetrievalReport
{
    /// <summary>Number of queries.</summary>
    public int Queries { get; init; }

    /// <summary>Fraction of the queries whose nearest row is of their identity: recall@1.</summary>
    public double? Rank1 { get; init; }

    /// <summary>Recall at each k asked for.</summary>
    public IReadOnlyList<RecallAtK> RecallAt { get; init; } = [];

    /// <summary>Mean over the queries of the fraction of right rows among the R nearest, R being the number of other rows of the query's identity.</summary>
    public double? RPrecision { get; init; }

    /// <summary>Mean over the queries of <c>(1/R) Σ_{i ≤ R} P(i)</c>, with P(i) the fraction of right rows among the i nearest where the i-th is right, else 0.</summary>
    public double? MapAtR { get; init; }

    /// <summary>Measures all of it.</summary>
    /// <param name="embeddings">The rows, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Their identities, <c>[N]</c>.</param>
    /// <param name="options">The metric and the k of recall@k.</param>
    /// <exception cref="ArgumentException">There are no rows or columns, the labels are not as many as the rows, a row holds NaN or infinity, or a k is less than 1.</exception>
    public static RetrievalReport FromEmbeddings(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (int k in options.RecallAt)
            ArgumentOutOfRangeException.ThrowIfLessThan(k, 1, nameof(options));

        RowDistances distances = new(embeddings, labels, options.Metric);
        LabelGroups groups = new(labels);
        int[] queries = [.. Enumerable.Range(0, distances.Count).Where(row => groups.Size[row] > 1)];
        if (queries.Length == 0)
            return new RetrievalReport();

        int deepest = options.RecallAt.DefaultIfEmpty(1).Max();
        QueryResult[] results = new QueryResult[queries.Length];
        Parallel.For(0, queries.Length, () => new NearestRows(), (i, _, nearest) =>
        {
            results[i] = Measure(distances, groups, queries[i], deepest, nearest);
            return nearest;
        }, _ => { });

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

    private static double Recall(QueryResult[] results, int k) => (double)results.Count(result => result.FirstRight <= k) / results.Length;

    private static QueryResult Measure(RowDistances distances, LabelGroups groups, int query, int deepest, NearestRows nearest)
    {
        int others = groups.Size[query] - 1;
        ReadOnlySpan<int> found = nearest.Find(distances, query, Math.Max(others, deepest));
        (int firstRight, int right, double precisions) = (int.MaxValue, 0, 0);
        for (int i = 0; i < found.Length; i++)
        {
            if (groups.GroupOf[found[i]] != groups.GroupOf[query])
                continue;
            firstRight = Math.Min(firstRight, i + 1);
            if (i >= others)
                break;
            right++;
            precisions += (double)right / (i + 1);
        }

        return new QueryResult(firstRight, (double)right / others, precisions / others);
    }

    private readonly record struct QueryResult(int FirstRight, double RPrecision, double AveragePrecision);
}
