using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>Everything there is to say about a labelled set of embeddings.</summary>
public sealed record EvaluationReport
{
    /// <summary>Number of rows.</summary>
    public int Rows { get; init; }

    /// <summary>Their dimension.</summary>
    public int Columns { get; init; }

    /// <summary>Number of distinct labels.</summary>
    public int Identities { get; init; }

    /// <summary>The unit of every distance and threshold.</summary>
    public DistanceMetric Metric { get; init; }

    /// <summary>Pairs: is this the same identity?</summary>
    public VerificationReport Verification { get; init; } = new();

    /// <summary>Ranking: which rows are of this identity?</summary>
    public RetrievalReport Retrieval { get; init; } = new();

    /// <summary>Evaluates a set of embeddings.</summary>
    /// <param name="embeddings">The rows, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Their identities, <c>[N]</c>.</param>
    /// <param name="options">What to evaluate; <see langword="null"/> means the defaults.</param>
    /// <exception cref="ArgumentException">There are no rows or columns, the labels are not as many as the rows, a row holds NaN or infinity, or an option is out of its range.</exception>
    public static EvaluationReport FromEmbeddings(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, EvaluationOptions? options = null)
    {
        options ??= new EvaluationOptions();
        PairScores scores = PairScores.FromEmbeddings(embeddings, labels, options.Metric, options.MaximumPairs, options.Seed);
        return new EvaluationReport
        {
            Rows = embeddings.Height,
            Columns = embeddings.Width,
            Identities = new LabelGroups(labels).GroupCount,
            Metric = options.Metric,
            Verification = VerificationReport.FromScores(scores, options),
            Retrieval = RetrievalReport.FromEmbeddings(embeddings, labels, options),
        };
    }
}
