namespace Tercet.Mining;

/// <summary>What to mine and how. Immutable; the defaults are FaceNet's.</summary>
public sealed record MiningOptions
{
    /// <summary>Which triplets to select. Default <see cref="MiningRule.SemiHard"/>.</summary>
    public MiningRule Rule { get; init; } = MiningRule.SemiHard;

    /// <summary>The metric, and with it the unit of every distance and of <see cref="Margin"/>. Default <see cref="DistanceMetric.SquaredEuclidean"/>.</summary>
    public DistanceMetric Metric { get; init; } = DistanceMetric.SquaredEuclidean;

    /// <summary>The margin α in the metric's unit, finite and not negative. Default 0.2, FaceNet's.</summary>
    public double Margin { get; init; } = 0.2;

    /// <summary><see cref="MiningRule.SemiHard"/> only: the negative must also be nearer than d(a,p) + α. Default off.</summary>
    public bool WithinMargin { get; init; }

    /// <summary><see cref="MiningRule.SemiHard"/> only: what to do with a pair that has no semi-hard negative. Default <see cref="SemiHardFallback.Skip"/>.</summary>
    public SemiHardFallback Fallback { get; init; } = SemiHardFallback.Skip;

    /// <summary><see cref="MiningRule.EasyPositive"/> only: which positive. Default <see cref="EasyPositiveVariant.Nearest"/>.</summary>
    public EasyPositiveVariant EasyPositive { get; init; } = EasyPositiveVariant.Nearest;

    /// <summary>Rows with this label are never anchors and never positives, but negatives for every other row (not for each other). Default none.</summary>
    public long? NegativeOnlyLabel { get; init; }

    /// <summary>Scale every row to unit L2 norm first, in a copy (a row of zeros stays as it is). Default off.</summary>
    public bool Normalize { get; init; }

    /// <summary>The seed of the rules that draw. The same seed, rows and labels give the same triplets on any number of threads. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary><see cref="MiningRule.DistanceWeighted"/> only: distances on the unit sphere below this count as this. Default 0.5 (Wu et al.).</summary>
    public double DistanceWeightedCutoff { get; init; } = 0.5;

    /// <summary><see cref="MiningRule.DistanceWeighted"/> only: negatives at or beyond this distance on the unit sphere are not drawn. Default 1.4 (Wu et al.).</summary>
    public double DistanceWeightedLimit { get; init; } = 1.4;

    /// <summary>Threads to use; 0 means every processor. The result does not depend on it. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>How much to count beside what is selected. Default <see cref="StatisticsLevel.Full"/>.</summary>
    public StatisticsLevel Statistics { get; init; } = StatisticsLevel.Full;

    /// <summary>The batch counts as collapsed when <see cref="MiningStatistics.Spread"/> is at or below this. Default 0.01.</summary>
    public double CollapseThreshold { get; init; } = 0.01;
}
