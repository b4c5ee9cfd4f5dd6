using Tercet.Backends;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>What a call counts and measures beside its triplets.</summary>
public sealed class StatisticsTests
{
    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void Mine_OverTheGrid_CountsAndMeasuresWhatPlainLoopsDo(DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);
        foreach (MiningCase each in MiningCase.Sample(60, seed: 500 + (int)metric).Where(each => each.IsSquare))
        {
            var options = new MiningOptions { Rule = MiningRule.HardNegative, Metric = metric, Margin = 0.3 };
            var oracle = new Oracle(each, metric);
            Triplet[] triplets = owned.Mine(each, options, out MiningStatistics actual);

            int[] rows = [.. Enumerable.Range(0, each.N)];
            Assert.Equal(metric, actual.Metric);
            Assert.Equal(0.3, actual.Margin);
            Assert.Equal(rows.Count(a => oracle.Positives(a).Count > 0 && oracle.Negatives(a).Count > 0), actual.Anchors);
            Assert.Equal(rows.Sum(a => (long)oracle.Positives(a).Count), actual.PositivePairs);
            Assert.Equal(rows.Sum(a => (long)oracle.Positives(a).Count * oracle.Negatives(a).Count), actual.ValidTriplets);
            Near(triplets.Length == 0 ? 0 : triplets.Average(triplet => (double)triplet.PositiveDistance), actual.MeanPositiveDistance, 1e-9, each);
            Near(triplets.Length == 0 ? 0 : triplets.Average(triplet => (double)triplet.NegativeDistance), actual.MeanNegativeDistance, 1e-9, each);

            double[] mean = [.. Enumerable.Range(0, each.D).Select(k => rows.Average(i => (double)each.Anchors[i, k]))];
            double meanSquare = rows.Average(i => SquaredNorm(each.Anchors, i));
            Near(Math.Sqrt(mean.Sum(x => x * x)), actual.MeanEmbeddingNorm, 1e-9, each);
            Near(Math.Sqrt(meanSquare), actual.RootMeanSquareNorm, 1e-9, each);

            // The engine takes the mean from moments, which cancel where rows nearly coincide: an error of 1e-12 of the norms is allowed.
            double pairs = each.N * (each.N - 1) / 2.0, sum = 0;
            for (int i = 0; i < each.N; i++)
            {
                for (int j = i + 1; j < each.N; j++)
                    sum += metric == DistanceMetric.Cosine ? oracle[i, j] : Oracle.Distance(DistanceMetric.SquaredEuclidean, each.Anchors, i, each.Anchors, j);
            }

            double key = pairs == 0 ? 0 : sum / pairs;
            double found = metric == DistanceMetric.Euclidean ? actual.MeanPairwiseDistance * actual.MeanPairwiseDistance : actual.MeanPairwiseDistance;
            Assert.True(Math.Abs(key - found) <= (1e-9 * key) + (1e-12 * (metric == DistanceMetric.Cosine ? 1 : meanSquare)), $"{each}: mean pairwise {found:g17}, expected {key:g17}");
            double room = metric == DistanceMetric.Cosine ? 1 : Math.Max(2 * meanSquare, metric == DistanceMetric.Euclidean ? 0.09 : 0.3);
            Assert.Equal(key / room, actual.Spread, 1e-9);
            Assert.Equal(each.N > 1 && actual.Spread <= 0.01, actual.IsCollapsed);
        }
    }

    [Theory]
    [InlineData(RowKind.AllEqual, true)]
    [InlineData(RowKind.Tiny, true)]
    [InlineData(RowKind.Normal, false)]
    [InlineData(RowKind.UnitSphere, false)]
    [InlineData(RowKind.Clustered, false)]
    public void Mine_CollapsedBatch_IsNamed(RowKind rows, bool collapsed)
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);

        owned.Mine(MiningCase.Square(rows, LabelKind.Few, 40, 16, seed: 1), new MiningOptions(), out MiningStatistics statistics);

        Assert.Equal(collapsed, statistics.IsCollapsed);
        Assert.Equal(0.01, statistics.CollapseThreshold);
    }

    [Fact]
    public void Mine_Normalized_MeasuresTheScaledRows()
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);

        owned.Mine(MiningCase.Square(RowKind.Normal, LabelKind.Few, 40, 16, seed: 1), new MiningOptions { Normalize = true }, out MiningStatistics statistics);

        Assert.Equal(1, statistics.RootMeanSquareNorm, 1e-6);
    }

    [Theory]
    [InlineData(LabelKind.Distinct, EmptyReason.NoPositives)]
    [InlineData(LabelKind.One, EmptyReason.NoNegatives)]
    public void Mine_NoValidTriplet_SaysWhy(LabelKind labels, EmptyReason reason)
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);
        MiningCase each = MiningCase.Square(RowKind.Normal, labels, 20, 4, seed: 1);
        foreach (MiningRule rule in Enum.GetValues<MiningRule>())
        {
            Assert.Empty(owned.Mine(each, new MiningOptions { Rule = rule }, out MiningStatistics statistics));
            Assert.Equal(reason, statistics.EmptyReason);
            Assert.Equal((0, 0, 0.0, 0.0), (statistics.Selected, statistics.ValidTriplets, statistics.MeanPositiveDistance, statistics.MeanNegativeDistance));
            Assert.Equal(new TripletCounts(0, 0, 0), statistics.Counts);
            Assert.Equal(0, statistics.Counts!.Value.ViolatingFraction);
        }
    }

    [Fact]
    public void Mine_ValidTripletsButNoneFits_SaysSo()
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);
        MiningCase each = MiningCase.Of(new float[,] { { 0 }, { 5 }, { 1 } }, 0, 0, 1);

        Assert.Empty(owned.Mine(each, new MiningOptions { Rule = MiningRule.SemiHard }, out MiningStatistics statistics));

        Assert.Equal(EmptyReason.NoCandidates, statistics.EmptyReason);
        Assert.Equal(new TripletCounts(2, 0, 0), statistics.Counts);
        Assert.Equal(2, statistics.ValidTriplets);
    }

    [Fact]
    public void Mine_OnlyNegativeOnlyRowsShareALabel_HasNoPositives()
    {
        using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);
        MiningCase each = MiningCase.Of(new float[,] { { 0 }, { 1 }, { 2 }, { 3 } }, -1, -1, 4, 5) with { NegativeOnlyLabel = -1 };

        Assert.Empty(owned.Mine(each, new MiningOptions(), out MiningStatistics statistics));
        Assert.Equal(EmptyReason.NoPositives, statistics.EmptyReason);
    }

    private static double SquaredNorm(float[,] rows, int i) => Enumerable.Range(0, rows.GetLength(1)).Sum(k => (double)rows[i, k] * rows[i, k]);

    private static void Near(double expected, double actual, double relative, MiningCase each) =>
        Assert.True(Math.Abs(expected - actual) <= relative * Math.Abs(expected), $"{each}: {actual:g17}, expected {expected:g17}");
}
