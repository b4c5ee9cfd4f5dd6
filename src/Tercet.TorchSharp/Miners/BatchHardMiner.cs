using Tercet.Mining;

namespace Tercet.TorchSharp;

/// <summary>For each anchor its farthest positive and nearest negative (Hermans, Beyer, Leibe 2017); pytorch-metric-learning's miner of this name.</summary>
/// <param name="distance">The distance; <see langword="null"/> means <see cref="EmbeddingDistance.Lp"/>.</param>
/// <param name="miner">The engine's miner to use; <see langword="null"/> means one of its own.</param>
public sealed class BatchHardMiner(EmbeddingDistance? distance = null, TripletMiner? miner = null)
    : TorchMiner(OptionsFor(MiningRule.BatchHard, distance), miner);
