using Tercet.Mining;

namespace Tercet.TorchSharp;

/// <summary>
/// Every triplet of one kind, as pytorch-metric-learning's miner of this name: <c>"all"</c> that violate the margin, <c>"hard"</c>, <c>"semihard"</c> or
/// <c>"easy"</c> ones. Their number can grow with N³; the engine streams them, and this class holds them.
/// </summary>
/// <param name="margin">The margin in the distance's unit.</param>
/// <param name="typeOfTriplets">Which triplets.</param>
/// <param name="distance">The distance; <see langword="null"/> means <see cref="EmbeddingDistance.Lp"/>.</param>
/// <param name="miner">The engine's miner to use; <see langword="null"/> means one of its own.</param>
public sealed class TripletMarginMiner(double margin = 0.2, TripletKind typeOfTriplets = TripletKind.All, EmbeddingDistance? distance = null, TripletMiner? miner = null)
    : TorchMiner(OptionsFor(MiningRule.SemiHard, distance, margin), miner)
{
    private readonly TripletCollector _collector = new();

    /// <inheritdoc/>
    protected override int MineInto(MiningInput input, ref Triplet[] triplets, out MiningStatistics statistics)
    {
        _collector.Begin(triplets);
        statistics = Engine.Stream(input, typeOfTriplets, Options, _collector);
        triplets = _collector.Triplets;
        return _collector.Count;
    }
}
