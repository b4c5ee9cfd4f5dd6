using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>Everything there is to say about a labelled set of embeddings.</summary>
public sealed record EvaluationReport
{
    // What is left to a sample has at most a few units in its fourth digit of error from that many, and less memory and time than a pass over all.
    private const int SampledPairs = 1 << 24;

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
    /// <param name="cancellationToken">Stops between tiles.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ArgumentException">There are no rows or columns, the labels are not as many as the rows, a row holds NaN or infinity, or an option is out of its range.</exception>
    public static EvaluationReport FromEmbeddings(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, EvaluationOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new EvaluationOptions();
        RowDistances distances = new(embeddings, labels, options.Metric);
        return Measure(distances, new LabelGroups(labels), options, PairScan.ManyBands, cancellationToken);
    }

    /// <summary>Measures rows that were looked at.</summary>
    internal static EvaluationReport Measure(RowDistances distances, LabelGroups groups, EvaluationOptions options, int bands, CancellationToken cancellationToken)
    {
        NormalQuantile.TwoSided(options.Confidence);
        foreach (double far in options.WantedFalseAcceptRates)
            RocCurve.Allowed(far, 1);
        bool isHeld = groups.SamePairs + groups.DifferentPairs <= options.MaximumPairs;
        int held = isHeld ? options.MaximumPairs : Math.Min(options.MaximumPairs, SampledPairs);
        VerificationReport pairs = VerificationReport.FromScores(PairScores.Measure(distances, groups, held, options.Seed), options);
        bool isTiled = distances.LargestNorm <= RowDistances.LargestTiledNorm;
        if (!isTiled && options.WantedFalseAcceptRates.Count > 0)
            throw new ArgumentException($"A row has a norm of {distances.LargestNorm:g3}; to have thresholds suggested, scale the rows so that no norm is above 2^60.", nameof(distances));
        if (isTiled && pairs.Auc is not null && (pairs.IsSampled || options.WantedFalseAcceptRates.Count > 0))
            pairs = AllPairs.Complete(pairs, distances, groups, options, bands, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return new EvaluationReport
        {
            Rows = distances.Count,
            Columns = distances.Columns,
            Identities = groups.GroupCount,
            Metric = options.Metric,
            Verification = pairs,
            Retrieval = RetrievalReport.Measure(distances, groups, options, cancellationToken),
        };
    }
}
