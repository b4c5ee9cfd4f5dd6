using Tercet.Mining;

namespace Tercet.TorchSharp;

/// <summary>
/// For every anchor-positive pair one negative drawn with probability ∝ 1/q(d) on the unit sphere (Wu et al. 2017), with pytorch-metric-learning's names and
/// defaults. Each call draws anew, from the seed and the number of the call.
/// </summary>
public sealed class DistanceWeightedMiner : TorchMiner
{
    private readonly ulong _seed;
    private ulong _calls;

    /// <summary>Makes a miner.</summary>
    /// <param name="cutoff">Distances below this count as this.</param>
    /// <param name="nonzeroLossCutoff">Negatives at or beyond this distance are not drawn.</param>
    /// <param name="seed">The seed of the first call.</param>
    /// <param name="miner">The engine's miner to use; <see langword="null"/> means one of its own.</param>
    public DistanceWeightedMiner(double cutoff = 0.5, double nonzeroLossCutoff = 1.4, ulong seed = 0, TripletMiner? miner = null)
        : base(OptionsFor(MiningRule.DistanceWeighted, EmbeddingDistance.Lp) with { DistanceWeightedCutoff = cutoff, DistanceWeightedLimit = nonzeroLossCutoff }, miner) =>
        _seed = seed;

    /// <inheritdoc/>
    protected override int MineInto(MiningInput input, ref Triplet[] triplets, out MiningStatistics statistics)
    {
        Options = Options with { Seed = unchecked(_seed + _calls++) };
        return base.MineInto(input, ref triplets, out statistics);
    }
}
