using Tercet.Cli.Output;

namespace Tercet.Cli.Reports;

/// <summary>The figures at the head of a report.</summary>
internal static class EvaluationFigures
{
    private const int Most = 5;

    /// <summary>What an evaluation has to say, most telling first; what it could not measure is left out.</summary>
    public static IReadOnlyList<(string Value, string Caption)> Of(EvaluationJson answer)
    {
        List<(string, string)> figures = [];
        if (answer.AtThreshold is { } at)
            Add($"{Percent.Of(at.Accuracy)}", $"pair accuracy at {at.Threshold:G5}");
        else if (answer.BestThreshold is { } best)
            Add($"{Percent.Of(best.Accuracy)}", $"best-threshold accuracy, {best.Folds} folds");
        if (answer.Auc is { } auc)
            Add($"{auc:F4}", $"area under the ROC curve");
        if (answer.EqualErrorRate is { } error)
            Add($"{Percent.Of(error)}", $"equal error rate");
        if (answer.ValidationAtFar is [.., { } strictest])
            Add($"{Percent.Of(strictest.Validation)}", $"VAL at FAR {strictest.TargetFar:G3}");
        if (answer.Rank1 is { } rank1)
            Add($"{Percent.Of(rank1)}", $"rank-1");
        return [.. figures.Take(Most)];

        void Add(FormattableString value, FormattableString caption) =>
            figures.Add((FormattableString.Invariant(value), FormattableString.Invariant(caption)));
    }
}
