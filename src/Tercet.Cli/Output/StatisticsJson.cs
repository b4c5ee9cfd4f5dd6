using Tercet.Mining;

namespace Tercet.Cli.Output;

/// <summary>Mining statistics as the JSON of every verb shows them. Numbers that were not counted are null.</summary>
internal sealed record StatisticsJson
{
    public required long Anchors { get; init; }

    public required long PositivePairs { get; init; }

    public required long ValidTriplets { get; init; }

    public required long Selected { get; init; }

    public long? Hard { get; init; }

    public long? SemiHard { get; init; }

    public long? Easy { get; init; }

    public double? ViolatingFraction { get; init; }

    public required double MeanPositiveDistance { get; init; }

    public required double MeanNegativeDistance { get; init; }

    public required double MeanEmbeddingNorm { get; init; }

    public required double RootMeanSquareNorm { get; init; }

    public required double MeanPairwiseDistance { get; init; }

    public required double Spread { get; init; }

    public required double CollapseThreshold { get; init; }

    public required bool IsCollapsed { get; init; }

    /// <summary>none, no_positives, no_negatives or no_candidates.</summary>
    public required string EmptyReason { get; init; }

    public static StatisticsJson Of(in MiningStatistics statistics) => new()
    {
        Anchors = statistics.Anchors,
        PositivePairs = statistics.PositivePairs,
        ValidTriplets = statistics.ValidTriplets,
        Selected = statistics.Selected,
        Hard = statistics.Counts?.Hard,
        SemiHard = statistics.Counts?.SemiHard,
        Easy = statistics.Counts?.Easy,
        ViolatingFraction = statistics.Counts?.ViolatingFraction,
        MeanPositiveDistance = statistics.MeanPositiveDistance,
        MeanNegativeDistance = statistics.MeanNegativeDistance,
        MeanEmbeddingNorm = statistics.MeanEmbeddingNorm,
        RootMeanSquareNorm = statistics.RootMeanSquareNorm,
        MeanPairwiseDistance = statistics.MeanPairwiseDistance,
        Spread = statistics.Spread,
        CollapseThreshold = statistics.CollapseThreshold,
        IsCollapsed = statistics.IsCollapsed,
        EmptyReason = statistics.EmptyReason switch
        {
            Tercet.Mining.EmptyReason.NoPositives => "no_positives",
            Tercet.Mining.EmptyReason.NoNegatives => "no_negatives",
            Tercet.Mining.EmptyReason.NoCandidates => "no_candidates",
            _ => "none",
        },
    };
}
