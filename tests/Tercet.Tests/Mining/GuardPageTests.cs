using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>No kernel reads or writes past the caller's memory, on either side, nor between the rows of a wider matrix.</summary>
public sealed class GuardPageTests
{
    private static readonly int[] Sizes = [1, 2, 3, 7, 8, 11, 12, 13, 16, 17, 31, 33, 48, 65];
    private static readonly int[] Depths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 127, 129];

    public static TheoryData<CpuLanes, DistanceMetric> LanesAndMetrics => Miners.LanesAndMetrics;

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_InputAndOutputBetweenGuardPages_StaysInsideThem(CpuLanes lanes, DistanceMetric metric)
    {
        Assert.SkipUnless(GuardedMemory.IsSupported, "Guard pages are made with Linux's mmap.");
        using OwnedMiner owned = Miners.WithLanes(lanes);
        foreach (int n in Sizes)
        {
            foreach (int d in Depths)
            {
                MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, n, d, seed: (1000 * n) + d);
                bool touchesEnd = (n + d) % 3 != 0;
                using GuardedMemory rows = GuardedMemory.Of(each.Anchors, touchesEnd), labels = GuardedMemory.Of(each.AnchorLabels, touchesEnd);
                foreach (MiningRule rule in new[] { MiningRule.BatchHard, MiningRule.SemiHard, MiningRule.RandomHard })
                {
                    foreach (StatisticsLevel level in Enum.GetValues<StatisticsLevel>())
                    {
                        MiningOptions options = new() { Rule = rule, Metric = metric, Statistics = level, Threads = 1 + (n % 2), Normalize = d % 5 == 0 };
                        Triplet[] expected = owned.Mine(each, options, out _);
                        using GuardedMemory output = GuardedMemory.Of(new Triplet[owned.Miner.Capacity(each.Input, options)], touchesEnd);
                        Span<Triplet> triplets = output.AsSpan<Triplet>((int)owned.Miner.Capacity(each.Input, options));

                        int count = owned.Miner.Mine(rows.AsMatrix(n, d), labels.AsSpan<long>(n), options, triplets, out _, TestContext.Current.CancellationToken);

                        Assert.Equal(expected, triplets[..count].ToArray());
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void BatchAllLoss_InputAndGradientBetweenGuardPages_StaysInsideThem(CpuLanes lanes, DistanceMetric metric)
    {
        Assert.SkipUnless(GuardedMemory.IsSupported, "Guard pages are made with Linux's mmap.");
        using OwnedMiner owned = Miners.WithLanes(lanes);
        foreach (int n in Sizes)
        {
            int d = Depths[n % Depths.Length];
            MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, n, d, seed: n);
            float[,] expected = new float[n, d];
            MiningOptions options = new() { Metric = metric };
            LossResult loss = owned.Miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.Sum, expected, TestContext.Current.CancellationToken);
            using GuardedMemory rows = GuardedMemory.Of(each.Anchors, touchesEnd: true), gradient = GuardedMemory.Of(new float[n, d], touchesEnd: true);

            Assert.Equal(loss, owned.Miner.BatchAllLoss(rows.AsMatrix(n, d), each.AnchorLabels, options, LossReduction.Sum, gradient.AsMatrix(n, d), TestContext.Current.CancellationToken));
            Assert.Equal(expected, gradient.AsMatrix(n, d).ToArray());
        }
    }

    [Fact]
    public void Mine_ColumnsOfAWiderMatrix_NeverReadsTheOthers()
    {
        foreach (CpuLanes lanes in CpuBackend.SupportedLanes)
        {
            using OwnedMiner owned = Miners.WithLanes(lanes);
            foreach (int d in Depths)
            {
                MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 37, d, seed: d);
                float[,] wide = new float[37, d + 9];
                wide.AsSpan2D().Fill(float.NaN);
                Span2D<float> view = wide.AsSpan2D(0, 4, 37, d);
                each.Anchors.AsSpan2D().CopyTo(view);
                Triplet[] triplets = new Triplet[1000];

                int count = owned.Miner.Mine(view, each.AnchorLabels, new MiningOptions(), triplets, out MiningStatistics statistics, TestContext.Current.CancellationToken);

                Assert.Equal(owned.Mine(each, new MiningOptions(), out MiningStatistics expected), triplets[..count]);
                Assert.Equal(expected, statistics);
            }
        }
    }
}
