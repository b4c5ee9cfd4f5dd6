using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>The statistics of the steps so far.</summary>
internal sealed record MiningTotals
{
    public MiningStatistics Statistics { get; init; }

    public long Positives { get; init; }

    public long Negatives { get; init; }

    public double PositiveDistances { get; init; }

    public double NegativeDistances { get; init; }

    /// <summary>With what one step found beside its triplets, which are counted already.</summary>
    public MiningTotals With(in MiningStatistics step)
    {
        MiningStatistics before = Statistics;
        long selected = before.Selected + step.Selected, anchors = before.Anchors + step.Anchors, pairs = before.PositivePairs + step.PositivePairs;
        return this with
        {
            // What follows from the rows alone is the same in every step.
            Statistics = step with
            {
                Anchors = anchors,
                PositivePairs = pairs,
                ValidTriplets = before.ValidTriplets + step.ValidTriplets,
                Selected = selected,
                Counts = step.Counts is not { } counts
                    ? null
                    : before.Counts is { } known ? new TripletCounts(known.Hard + counts.Hard, known.SemiHard + counts.SemiHard, known.Easy + counts.Easy) : counts,
                MeanPositiveDistance = Positives == 0 ? 0 : PositiveDistances / Positives,
                MeanNegativeDistance = Negatives == 0 ? 0 : NegativeDistances / Negatives,
                EmptyReason = selected > 0 ? EmptyReason.None
                    : pairs == 0 ? EmptyReason.NoPositives
                    : anchors == 0 ? EmptyReason.NoNegatives
                    : EmptyReason.NoCandidates,
            },
        };
    }

    /// <summary>With some triplets, or pairs.</summary>
    public MiningTotals With(ReadOnlySpan<Triplet> triplets)
    {
        (long positives, long negatives, double positive, double negative) = (Positives, Negatives, PositiveDistances, NegativeDistances);
        foreach (Triplet triplet in triplets)
        {
            if (triplet.Positive >= 0)
                (positives, positive) = (positives + 1, positive + triplet.PositiveDistance);
            if (triplet.Negative >= 0)
                (negatives, negative) = (negatives + 1, negative + triplet.NegativeDistance);
        }

        return this with { Positives = positives, Negatives = negatives, PositiveDistances = positive, NegativeDistances = negative };
    }
}
