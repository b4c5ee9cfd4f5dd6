namespace Tercet.Train;

/// <summary>Which triplets a step learns from: the engine's rules, and two that need no mining.</summary>
internal enum TrainingRule
{
    SemiHard,
    HardNegative,
    BatchHard,
    RandomSemiHard,
    RandomHard,
    DistanceWeighted,

    /// <summary>For every anchor-positive pair any negative, each equally likely: what there is without mining.</summary>
    Random,

    /// <summary>Every valid triplet of the batch.</summary>
    BatchAll,
}
