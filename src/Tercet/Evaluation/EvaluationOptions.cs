using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>What to evaluate and how. Immutable.</summary>
public sealed record EvaluationOptions
{
    /// <summary>The metric, and with it the unit of every distance and threshold. Default <see cref="DistanceMetric.SquaredEuclidean"/>.</summary>
    public DistanceMetric Metric { get; init; } = DistanceMetric.SquaredEuclidean;

    /// <summary>The false accept rates at which VAL is given. Default 0.1, 0.01 and 0.001, FaceNet's.</summary>
    public IReadOnlyList<double> FalseAcceptRates { get; init; } = [0.1, 0.01, 0.001];

    /// <summary>The false accept rates to suggest a threshold for, with intervals, from all pairs. Default none.</summary>
    public IReadOnlyList<double> WantedFalseAcceptRates { get; init; } = [];

    /// <summary>The confidence of the intervals, above 0 and below 1. Default 0.95.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>A distance at which to give the accuracy; a published cosine similarity c is the cosine distance 1 − c. Default none.</summary>
    public double? Threshold { get; init; }

    /// <summary>Folds of the best-threshold accuracy, from 2 to 255. Default 10.</summary>
    public int Folds { get; init; } = 10;

    /// <summary>The k of recall@k, each 1 or more. Default 1, 5 and 10.</summary>
    public IReadOnlyList<int> RecallAt { get; init; } = [1, 5, 10];

    /// <summary>The seed of the folds and of a sample of pairs. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Most pairs to hold; above it a sample is held, for what needs every distance at once, and the rest is counted over all pairs as they pass by. Default
    /// <see cref="PairScores.DefaultMaximumPairs"/>.
    /// </summary>
    public int MaximumPairs { get; init; } = PairScores.DefaultMaximumPairs;
}
