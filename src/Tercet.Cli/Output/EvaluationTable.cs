using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>The answer of <c>evaluate</c> for a person.</summary>
internal static class EvaluationTable
{
    public static void Write(IAnsiConsole console, EvaluationJson answer)
    {
        FactTable table = new();
        table.Add("rows", $"{answer.N:N0} × {answer.D}, {answer.Identities:N0} labels{(answer.Unlabelled > 0 ? FormattableString.Invariant($" ({answer.Unlabelled:N0} rows without one left out)") : "")}");
        table.Add("pairs", $"{answer.SamePairs:N0} same, {answer.DifferentPairs:N0} different{(answer.IsSampled ? " (means, AUC and folds from a sample)" : "")}");
        if (answer is { MeanSameDistance: { } same, MeanDifferentDistance: { } different })
            table.Add("mean distance", $"{same:F4} same, {different:F4} different ({answer.Metric})");
        AddFigures(table, answer);
        table.Write(console);
    }

    /// <summary>Adds what the pairs and the ranking say.</summary>
    public static void AddFigures(FactTable table, EvaluationJson answer)
    {
        if (answer.AtThreshold is { } at)
            table.Add($"pair accuracy at {at.Threshold:G6}", $"{Percent.Of(at.Accuracy)}");
        if (answer.BestThreshold is { } best)
            table.Add($"best-threshold accuracy", $"{Percent.Of(best.Accuracy)} ± {Percent.Of(best.StandardDeviation)} over {best.Folds} folds");
        if (answer is { Auc: { } auc, EqualErrorRate: { } error })
        {
            table.Add("AUC", $"{auc:F5}");
            table.Add("equal error rate", $"{Percent.Of(error)}");
        }

        foreach (ValidationJson point in answer.ValidationAtFar)
            table.Add($"VAL at FAR {point.TargetFar:G3}", $"{Percent.Of(point.Validation)} (d ≤ {point.Threshold:F4})");
        foreach (SuggestionJson suggestion in answer.Suggestions)
        {
            table.Add(
                $"threshold for FAR {suggestion.WantedFar:G3}",
                $"{suggestion.Threshold:G6}, {Range(suggestion.ThresholdInterval)} with {100 * suggestion.Confidence:G4}% confidence");
            table.Add(
                $"  its FAR, VAL",
                $"{suggestion.Far:G3}, {Range(suggestion.FarInterval)}; {Percent.Of(suggestion.Validation)}, {Percent.Of(suggestion.ValidationInterval[0])} to {Percent.Of(suggestion.ValidationInterval[1])}");
        }

        if (answer is { Rank1: { } rank1, RPrecision: { } precision, MapAtR: { } map })
        {
            table.Add("rank-1", $"{Percent.Of(rank1)}");
            table.Add("R-precision, MAP@R", $"{Percent.Of(precision)}, {Percent.Of(map)}");
        }

        foreach (RecallJson recall in answer.RecallAt.Where(recall => recall.K > 1))
            table.Add($"recall@{recall.K}", $"{Percent.Of(recall.Recall)}");
    }

    private static string Range(double[] interval) => FormattableString.Invariant($"{interval[0]:G4} to {interval[1]:G4}");
}
