using CommunityToolkit.HighPerformance;
using Tercet.Mining;
using Tercet.TorchSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Tests.TorchSharp;

public sealed class MinerTests
{
    [Theory]
    [InlineData(TripletKind.All)]
    [InlineData(TripletKind.Hard)]
    [InlineData(TripletKind.SemiHard)]
    [InlineData(TripletKind.Easy)]
    public void TripletMarginMiner_EveryKind_IsTheSetThatTorchFinds(TripletKind kind)
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor rows, Tensor labels) = TorchData.Batch(classes: 4, each: 4, dimension: 3);
        using TripletMarginMiner miner = new(typeOfTriplets: kind);

        (Tensor a, Tensor p, Tensor n) = miner.Mine(rows, labels).ToTensors();

        Tensor all = TorchData.Distances(nn.functional.normalize(rows), DistanceMetric.Euclidean);
        List<(long, long, long)> expected = [];
        for (int i = 0; i < 16; i++)
        {
            for (int j = 0; j < 16; j++)
            {
                for (int k = 0; k < 16; k++)
                {
                    if (i == j || i / 4 != j / 4 || i / 4 == k / 4)
                        continue;
                    double gap = all[i, k].ToDouble() - all[i, j].ToDouble();
                    bool wanted = kind switch
                    {
                        TripletKind.All => gap <= 0.2,
                        TripletKind.Hard => gap <= 0,
                        TripletKind.SemiHard => gap is > 0 and <= 0.2,
                        _ => gap > 0.2,
                    };
                    if (wanted)
                        expected.Add((i, j, k));
                }
            }
        }

        Assert.Equal(expected, Enumerable.Range(0, (int)a.shape[0]).Select(i => (a[i].ToInt64(), p[i].ToInt64(), n[i].ToInt64())));
    }

    [Fact]
    public void BatchHardMiner_Batch_IsTorchsArgmaxAndArgmin()
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor rows, Tensor labels) = TorchData.Batch(classes: 5, each: 4, dimension: 8);
        using BatchHardMiner miner = new();

        (Tensor a, Tensor p, Tensor n) = miner.Mine(rows, labels).ToTensors();

        Tensor distances = TorchData.Distances(nn.functional.normalize(rows), DistanceMetric.Euclidean) - torch.eye(20);
        Tensor same = labels.unsqueeze(0).eq(labels.unsqueeze(1)).to_type(ScalarType.Float32);
        Assert.True(a.equal(torch.arange(20)).all().ToBoolean());
        Assert.True(p.equal((distances - ((1 - same) * 10)).argmax(1)).all().ToBoolean());
        Assert.True(n.equal((distances + (same * 10)).argmin(1)).all().ToBoolean());
    }

    [Fact]
    public void Mine_DenseTensor_IsLookedAtWhereItLies()
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor rows, Tensor labels) = TorchData.Batch(classes: 2, each: 3, dimension: 4);

        using TensorRows view = new(rows.requires_grad_(), labels);

        // What is written through the tensor is seen through the view: the memory is one.
        using IDisposable still = no_grad();
        rows[5, 3] = 42;
        labels[0] = 7;
        Assert.Equal(42, view.Rows[5, 3]);
        Assert.Equal(7, view.Labels[0]);
    }

    [Fact]
    public void Mine_TransposedTensorAndNarrowLabels_GiveTheSameTriplets()
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor rows, Tensor labels) = TorchData.Batch(classes: 3, each: 4, dimension: 5);
        Tensor transposed = rows.t().contiguous().t();
        using RuleMiner miner = new();

        Triplet[] dense = miner.Mine(rows, labels).Triplets.ToArray();
        Triplet[] copied = miner.Mine(transposed, labels.to_type(ScalarType.Int32)).Triplets.ToArray();

        Assert.False(transposed.is_contiguous());
        Assert.NotEmpty(dense);
        Assert.Equal(dense, copied);
    }

    [Fact]
    public void RuleMiner_SemiHard_IsTheEnginesAnswer()
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor rows, Tensor labels) = TorchData.Batch(classes: 6, each: 5, dimension: 8);
        using RuleMiner miner = new();
        using TripletMiner engine = new();
        float[] values = rows.data<float>().ToArray();
        long[] names = labels.data<long>().ToArray();
        Triplet[] triplets = new Triplet[120];

        MinedTriplets mined = miner.Mine(rows, labels);
        int count = engine.Mine(new ReadOnlySpan2D<float>(values, 30, 8), names, new MiningOptions(), triplets, out MiningStatistics statistics, TestContext.Current.CancellationToken);

        Assert.Equal(triplets[..count], mined.Triplets.ToArray());
        Assert.Equal(statistics, mined.Statistics);
    }

    [Fact]
    public void DistanceWeightedMiner_TwoCalls_DrawAnew()
    {
        using IDisposable scope = NewDisposeScope();
        (Tensor rows, Tensor labels) = TorchData.Batch(classes: 6, each: 5, dimension: 3);
        using DistanceWeightedMiner miner = new();
        using DistanceWeightedMiner again = new();

        Triplet[] first = miner.Mine(rows, labels).Triplets.ToArray();
        Triplet[] second = miner.Mine(rows, labels).Triplets.ToArray();

        Assert.Equal(first, again.Mine(rows, labels).Triplets.ToArray());
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void MPerClassSampler_ClassesOfAllSizes_GiveMOfEach()
    {
        long[] labels = [0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 4, 4, 4];
        MPerClassSampler sampler = new(labels, m: 4, batchSize: 8, lengthBeforeNewIter: 83);

        long[] rows = [.. sampler];
        long[] next = [.. sampler];

        Assert.Equal(80, rows.Length);
        Assert.NotEqual(rows, next);
        foreach (long[] batch in rows.Chunk(8))
        {
            Assert.Equal([4, 4], batch.GroupBy(row => labels[row]).Select(group => group.Count()));
            Assert.DoesNotContain(11L, batch);
        }

        Assert.All(rows.Chunk(4).Where(group => labels[group[0]] == 0), group => Assert.Equal(4, group.Distinct().Count()));
        Assert.Throws<ArgumentException>(() => new MPerClassSampler(labels, 4, 10));
        Assert.ThrowsAny<ArgumentException>(() => new MPerClassSampler(labels, 4, 20));
    }
}
