using Tercet.Evaluation;

namespace Tercet.Cli.Output;

/// <summary>A threshold for a wanted false-accept rate, each interval as [low, high].</summary>
internal sealed record SuggestionJson(
    double WantedFar,
    double Threshold,
    double[] ThresholdInterval,
    double Far,
    long FalseAccepts,
    double[] FarInterval,
    double Validation,
    double[] ValidationInterval,
    double Confidence)
{
    public static SuggestionJson Of(ThresholdSuggestion suggestion) => new(
        suggestion.TargetFar,
        suggestion.Threshold,
        Ends(suggestion.ThresholdInterval),
        suggestion.Far,
        suggestion.FalseAccepts,
        Ends(suggestion.FarInterval),
        suggestion.Validation,
        Ends(suggestion.ValidationInterval),
        suggestion.Confidence);

    private static double[] Ends(ConfidenceInterval interval) => [interval.Low, interval.High];
}
