using Tercet.Backends.Cpu;
using Tercet.Backends.Cuda;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>What the device measures of the rows: the CPU's statistics, and the CPU's refusals.</summary>
public sealed class CudaMomentsTests
{
    private static readonly MiningOptions BatchHard = new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected };

    private static readonly MiningOptions[] Rules = [BatchHard, new() { Rule = MiningRule.SemiHard }, new() { Rule = MiningRule.RandomHard }];

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void Mine_StatisticsOfTheDevice_AreTheCpus(DistanceMetric metric)
    {
        using TripletMiner cpu = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(new SimulatedDriver { Schedule = (int)metric % 3 }));
        foreach (MiningCase each in MiningCase.Sample(20, seed: 1000 + (int)metric))
        {
            MiningOptions options = Rules[each.Seed % Rules.Length] with { Metric = metric, NegativeOnlyLabel = each.NegativeOnlyLabel };
            owned.Mine(each, options, out MiningStatistics actual);
            cpu.Mine(each.Input, options, new Triplet[cpu.Capacity(each.Input, options)], out MiningStatistics expected, TestContext.Current.CancellationToken);

            AreClose(expected.MeanEmbeddingNorm, actual.MeanEmbeddingNorm, expected.RootMeanSquareNorm, $"{each}: mean");
            AreClose(expected.RootMeanSquareNorm, actual.RootMeanSquareNorm, expected.RootMeanSquareNorm, $"{each}: norm");
            double unit = metric == DistanceMetric.Cosine ? 1 : metric == DistanceMetric.Euclidean ? expected.RootMeanSquareNorm : expected.RootMeanSquareNorm * expected.RootMeanSquareNorm;
            AreClose(metric == DistanceMetric.Euclidean ? expected.MeanPairwiseDistance * expected.MeanPairwiseDistance : expected.MeanPairwiseDistance,
                metric == DistanceMetric.Euclidean ? actual.MeanPairwiseDistance * actual.MeanPairwiseDistance : actual.MeanPairwiseDistance,
                metric == DistanceMetric.Euclidean ? unit * unit : unit,
                $"{each}: distance");
            AreClose(expected.Spread, actual.Spread, 1, $"{each}: spread");
            Assert.Equal((expected.IsCollapsed, expected.EmptyReason, expected.Anchors, expected.Selected), (actual.IsCollapsed, actual.EmptyReason, actual.Anchors, actual.Selected));
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(4e18f)]
    public void Mine_BadRow_IsRefusedAsOnTheCpu(float bad)
    {
        using TripletMiner cpu = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(new SimulatedDriver()));
        foreach (bool isSquare in new[] { true, false })
        {
            foreach (bool inAnchors in isSquare ? new[] { true } : [true, false])
            {
                MiningCase each = isSquare
                    ? MiningCase.Square(RowKind.Normal, LabelKind.Few, 140, 3, seed: 1)
                    : MiningCase.Rectangular(RowKind.Normal, LabelKind.Few, 20, 140, 3, seed: 1, withAnchorRows: false);
                float[,] rows = inAnchors ? each.Anchors : each.Gallery;
                rows[17, 1] = rows[rows.GetLength(0) - 1, 0] = bad;
                foreach (MiningOptions options in Rules)
                {
                    Triplet[] triplets = new Triplet[cpu.Capacity(each.Input, options)];
                    string expected = Assert.Throws<ArgumentException>(() => cpu.Mine(each.Input, options, triplets, out _, TestContext.Current.CancellationToken)).Message;
                    Assert.Equal(expected, Assert.Throws<ArgumentException>(() => owned.Mine(each, options, out _)).Message);
                }
            }
        }

        // The backend goes on.
        MiningCase sound = MiningCase.Square(RowKind.Normal, LabelKind.Few, 40, 3, seed: 2);
        Oracle oracle = new(sound, DistanceMetric.SquaredEuclidean);
        Agreement.Check(oracle, oracle.Mine(BatchHard), owned.Mine(sound, BatchHard, out _), "after a bad row", BatchHard.Margin);
    }

    [Fact]
    public void Mine_BadRowWhereThereIsNoAnchor_IsRefusedAllTheSame()
    {
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(new SimulatedDriver()));
        MiningCase each = MiningCase.Of(new float[,] { { 1, 2 }, { 3, float.NaN } }, 0, 1);

        Assert.Contains("Row 1, column 1 of 'embeddings'", Assert.Throws<ArgumentException>(() => owned.Mine(each, BatchHard, out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mine_DeviceIsLostBeforeItHasMeasured_TheCpuMeasures()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(new AutoBackend(() => SimulatedDriver.NewBackend(driver))), cpu = new(new CpuBackend());
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 40, 3, seed: 2);
        NarrowCase narrow = new(each, RowFormat.Binary16);
        cpu.Mine(each, BatchHard, out MiningStatistics expected);
        driver.Fail = (name, _) => name == "Synchronize" ? new CudaException("planned", 700) : null;

        Triplet[] fromNarrow = narrow.Mine(owned.Miner, BatchHard, out _);
        owned.Mine(each, BatchHard, out MiningStatistics actual);

        Assert.Equal(expected, actual);
        Oracle oracle = new(narrow.Wide, DistanceMetric.SquaredEuclidean);
        Agreement.Check(oracle, oracle.Mine(BatchHard), fromNarrow, "on the CPU", BatchHard.Margin);
    }

    private static void AreClose(double expected, double actual, double unit, string what) =>
        Assert.True(Math.Abs(expected - actual) <= 1e-12 * unit || expected == actual, $"{what}: {actual:r} is not {expected:r}");
}
