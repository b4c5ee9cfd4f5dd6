namespace Tercet.Mining;

/// <summary>What a mining call found out about the batch beside the triplets it selected.</summary>
public readonly record struct MiningStatistics
{
    /// <summary>The unit of every distance below, and of <see cref="Margin"/>.</summary>
    public DistanceMetric Metric { get; init; }

    /// <summary>The margin α that the counts refer to.</summary>
    public double Margin { get; init; }

    /// <summary>Rows that have at least one positive and at least one negative.</summary>
    public long Anchors { get; init; }

    /// <summary>Ordered pairs (anchor, positive) over all rows, those without a negative included.</summary>
    public long PositivePairs { get; init; }

    /// <summary>Triplets (anchor, positive, negative) that exist at all.</summary>
    public long ValidTriplets { get; init; }

    /// <summary>Triplets (or, under the multi-similarity rule, pairs) that the call returned or streamed.</summary>
    public long Selected { get; init; }

    /// <summary>How the valid triplets divide at the margin; null at <see cref="StatisticsLevel.Selected"/>.</summary>
    public TripletCounts? Counts { get; init; }

    /// <summary>Mean d(a,p) over the selected triplets; 0 when there are none.</summary>
    public double MeanPositiveDistance { get; init; }

    /// <summary>Mean d(a,n) over the selected triplets; 0 when there are none.</summary>
    public double MeanNegativeDistance { get; init; }

    /// <summary>Norm of the mean embedding, ‖x̄‖, over all rows; 1 for a unit-sphere batch that has collapsed to a point.</summary>
    public double MeanEmbeddingNorm { get; init; }

    /// <summary>Root of the mean squared norm of the rows.</summary>
    public double RootMeanSquareNorm { get; init; }

    /// <summary>
    /// Mean over all unordered pairs of rows: of ‖x − y‖² (<see cref="DistanceMetric.SquaredEuclidean"/>), its square root
    /// (<see cref="DistanceMetric.Euclidean"/>: root mean square), or of 1 − cos (<see cref="DistanceMetric.Cosine"/>).
    /// </summary>
    public double MeanPairwiseDistance { get; init; }

    /// <summary>
    /// How much of the room that the rows could take they do take: the mean squared pairwise distance over twice the mean squared norm or over the
    /// margin (squared where the metric is not), whichever is larger; under <see cref="DistanceMetric.Cosine"/> the mean pairwise distance itself.
    /// About 1 for embeddings spread over the sphere, 0 when all are equal, and near 0 when all shrink towards the origin.
    /// </summary>
    public double Spread { get; init; }

    /// <summary>The <see cref="MiningOptions.CollapseThreshold"/> that was used.</summary>
    public double CollapseThreshold { get; init; }

    /// <summary>Whether the embeddings have collapsed, as FaceNet warns: <see cref="Spread"/> ≤ <see cref="CollapseThreshold"/> with two rows or more.</summary>
    public bool IsCollapsed { get; init; }

    /// <summary>Why nothing was selected.</summary>
    public EmptyReason EmptyReason { get; init; }
}
