using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda;
using Tercet.Forward;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Tests.Forward;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>The backend on the machine's own card; skipped, with the reason, where there is none.</summary>
public sealed class CardTests
{
    private static readonly (CudaBackend? Backend, string Reason) Card = Open();

    private static readonly MiningOptions[] Rules =
    [
        new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected },
        new() { Rule = MiningRule.EasyPositive, Statistics = StatisticsLevel.Selected },
        new() { Rule = MiningRule.SemiHard, Fallback = SemiHardFallback.EasiestNegative },
        new() { Rule = MiningRule.HardNegative },
    ];

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void Mine_OnTheCard_SelectsWhatTheOracleSelects(DistanceMetric metric)
    {
        using TripletMiner miner = new(RequireCard());
        foreach (MiningCase each in MiningCase.Sample(40, seed: 700 + (int)metric))
        {
            var oracle = new Oracle(each, metric);
            foreach (MiningOptions rule in Rules)
            {
                MiningOptions options = rule with { Metric = metric, NegativeOnlyLabel = each.NegativeOnlyLabel };
                Agreement.Check(oracle, oracle.Mine(options), Mine(miner, each.Input, options), $"{each}; {options}", options.Margin);
            }
        }
    }

    [Fact]
    public void Mine_EmbeddingsLeftOnTheCard_AreTheCpusTriplets()
    {
        CudaBackend backend = RequireCard();
        using ModelFolder folder = new();
        using OnnxEmbedder embedder = OnnxEmbedder.Load(folder.Save(TinyModels.Vector("n")), new EmbedderOptions { MaxBatch = 64, DeviceMemory = backend.Memory });
        using TripletMiner miner = new(backend), cpu = new();
        long[] labels = [.. Enumerable.Range(0, 64).Select(row => (long)row % 9)];
        for (int round = 0; round < 2; round++)
        {
            TinyModels.Random(round, 64 * TinyModels.Features).CopyTo(embedder.Input);
            ReadOnlySpan2D<float> embeddings = embedder.Run(64, out DeviceMatrix resident);

            // The second round shows that the model saw the second input, and that the host's embeddings are the card's.
            Assert.Equal(TinyModels.Expected(embedder.InputSlot(63)), embeddings.GetRowSpan(63).ToArray().Select(value => (double)value), (expected, actual) => Math.Abs(expected - actual) < 1e-2);
            Assert.Equal(embedder.Info.Provider != "CUDAExecutionProvider", resident.IsEmpty);
            Assert.Equal(Mine(cpu, MiningInput.Batch(embeddings, labels), Rules[0]), Mine(miner, MiningInput.Batch(embeddings, labels, resident), Rules[0]));
        }
    }

    private static Triplet[] Mine(TripletMiner miner, MiningInput input, MiningOptions options)
    {
        Triplet[] triplets = new Triplet[miner.Capacity(input, options)];
        return triplets[..miner.Mine(input, options, triplets, out _, TestContext.Current.CancellationToken)];
    }

    private static CudaBackend RequireCard()
    {
        Assert.SkipWhen(Card.Backend is null, Card.Reason);
        return Card.Backend!;
    }

    private static (CudaBackend? Backend, string Reason) Open()
    {
        try
        {
            return (new CudaBackend(), string.Empty);
        }
        catch (CudaException reason)
        {
            return (null, reason.Message);
        }
    }
}
