using Tercet.Backends;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>A miner, and the backend that it leaves to its maker to dispose.</summary>
internal sealed class OwnedMiner(IMiningBackend backend) : IDisposable
{
    public TripletMiner Miner { get; } = new(backend);

    public Triplet[] Mine(MiningCase miningCase, MiningOptions options, out MiningStatistics statistics)
    {
        options = options with { NegativeOnlyLabel = miningCase.NegativeOnlyLabel };
        Triplet[] triplets = new Triplet[Miner.Capacity(miningCase.Input, options)];
        int count = Miner.Mine(miningCase.Input, options, triplets, out statistics, TestContext.Current.CancellationToken);
        return triplets[..count];
    }

    public void Dispose()
    {
        Miner.Dispose();
        backend.Dispose();
    }
}
