using Tercet.Cli.Options;
using Tercet.Evaluation;

namespace Tercet.Cli.Output;

/// <summary>The answer of <c>evaluate --json</c>. A figure that needs pairs which are not there is null.</summary>
internal sealed record EvaluationJson
{
    public required int N { get; init; }

    public required int D { get; init; }

    public required int Identities { get; init; }

    public required string Metric { get; init; }

    public required long SamePairs { get; init; }

    public required long DifferentPairs { get; init; }

    /// <summary>Rows of a gallery that have no label and were left out.</summary>
    public long Unlabelled { get; init; }

    /// <summary>Whether the means, the AUC and the accuracy by folds are estimated from a sample of the pairs.</summary>
    public required bool IsSampled { get; init; }

    public double? MeanSameDistance { get; init; }

    public double? MeanDifferentDistance { get; init; }

    public double? Auc { get; init; }

    public double? EqualErrorRate { get; init; }

    public double? EqualErrorThreshold { get; init; }

    public required IReadOnlyList<ValidationJson> ValidationAtFar { get; init; }

    /// <summary>A threshold for each rate of <c>--suggest</c>.</summary>
    public required IReadOnlyList<SuggestionJson> Suggestions { get; init; }

    /// <summary>Accuracy at <c>--threshold</c>.</summary>
    public AccuracyJson? AtThreshold { get; init; }

    /// <summary>Accuracy with a threshold chosen on the other folds.</summary>
    public FoldsJson? BestThreshold { get; init; }

    /// <summary>Rows that have another of their label.</summary>
    public required int Queries { get; init; }

    public double? Rank1 { get; init; }

    public required IReadOnlyList<RecallJson> RecallAt { get; init; }

    public double? RPrecision { get; init; }

    public double? MapAtR { get; init; }

    public static EvaluationJson Of(EvaluationReport report)
    {
        VerificationReport pairs = report.Verification;
        RetrievalReport ranking = report.Retrieval;
        return new EvaluationJson
        {
            N = report.Rows,
            D = report.Columns,
            Identities = report.Identities,
            Metric = MetricOption.NameOf(report.Metric),
            SamePairs = pairs.SamePairs,
            DifferentPairs = pairs.DifferentPairs,
            IsSampled = pairs.IsSampled,
            MeanSameDistance = pairs.MeanSameDistance,
            MeanDifferentDistance = pairs.MeanDifferentDistance,
            Auc = pairs.Auc,
            EqualErrorRate = pairs.EqualErrorRate?.Rate,
            EqualErrorThreshold = pairs.EqualErrorRate?.Threshold,
            ValidationAtFar = [.. pairs.ValidationAtFar.Select(point => new ValidationJson(point.TargetFar, point.Far, point.FalseAccepts, point.Validation, point.Threshold))],
            Suggestions = [.. pairs.Suggestions.Select(SuggestionJson.Of)],
            AtThreshold = pairs.AtThreshold is { } at ? new AccuracyJson(at.Threshold, at.Accuracy, at.BalancedAccuracy) : null,
            BestThreshold = pairs.BestThreshold is { } best ? new FoldsJson(best.Folds, best.Mean, best.StandardDeviation) : null,
            Queries = ranking.Queries,
            Rank1 = ranking.Rank1,
            RecallAt = [.. ranking.RecallAt.Select(recall => new RecallJson(recall.K, recall.Recall))],
            RPrecision = ranking.RPrecision,
            MapAtR = ranking.MapAtR,
        };
    }
}
