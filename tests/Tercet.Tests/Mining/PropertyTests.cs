using Tercet.Backends;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>What must not change a selection, whatever the distances are.</summary>
public sealed class PropertyTests
{
    private static readonly MiningRule[] Rules = [MiningRule.BatchHard, MiningRule.HardNegative, MiningRule.SemiHard, MiningRule.EasyPositive];

    public static TheoryData<CpuLanes, DistanceMetric> LanesAndMetrics => Miners.LanesAndMetrics;

    /// <summary>Without cosine: angles change under translation.</summary>
    public static TheoryData<CpuLanes, DistanceMetric> LanesAndEuclideanMetrics => [.. Miners.LanesAndMetrics.Where(row => row.Data.Item2 != DistanceMetric.Cosine)];

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_PermutedRows_SelectsTheRenamedTriplets(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        foreach (int n in new[] { 2, 13, 64, 129 })
        {
            MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, n, 37, seed: n);
            int[] order = [.. Enumerable.Range(0, n)];
            new Random(n).Shuffle(order);
            MiningCase permuted = MiningCase.Of(Rows(n, 37, (i, k) => each.Anchors[order[i], k]), [.. order.Select(row => each.AnchorLabels[row])]);
            foreach (MiningRule rule in Rules)
            {
                MiningOptions options = new() { Rule = rule, Metric = metric };
                Triplet[] direct = owned.Mine(each, options, out MiningStatistics before);
                Triplet[] renamed =
                [
                    .. owned.Mine(permuted, options, out MiningStatistics after)
                        .Select(triplet => triplet with { Anchor = order[triplet.Anchor], Positive = order[triplet.Positive], Negative = order[triplet.Negative] })
                        .OrderBy(triplet => triplet.Anchor).ThenBy(triplet => triplet.Positive),
                ];

                Assert.Equal(direct, renamed);
                Assert.Equal(before.Counts, after.Counts);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_ScaledByAPowerOfTwo_SelectsTheSameAndScalesTheDistances(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        MiningCase each = MiningCase.Square(RowKind.Clustered, LabelKind.Few, 90, 33, seed: 8);
        foreach (int power in new[] { -20, -1, 3, 20 })
        {
            MiningCase scaled = MiningCase.Of(Rows(90, 33, (i, k) => MathF.ScaleB(each.Anchors[i, k], power)), each.AnchorLabels);
            int unit = metric switch { DistanceMetric.SquaredEuclidean => 2 * power, DistanceMetric.Euclidean => power, _ => 0 };
            foreach (MiningRule rule in Rules)
            {
                MiningOptions options = new() { Rule = rule, Metric = metric, Margin = 0.25 };
                Triplet[] expected =
                [
                    .. owned.Mine(each, options, out MiningStatistics before)
                        .Select(triplet => triplet with { PositiveDistance = MathF.ScaleB(triplet.PositiveDistance, unit), NegativeDistance = MathF.ScaleB(triplet.NegativeDistance, unit) }),
                ];

                Assert.Equal(expected, owned.Mine(scaled, options with { Margin = Math.ScaleB(0.25, unit) }, out MiningStatistics after));
                Assert.Equal(before.Counts, after.Counts);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndEuclideanMetrics))]
    public void Mine_TranslatedIntegers_SelectsTheSame(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        MiningCase each = MiningCase.Square(RowKind.Lattice, LabelKind.Few, 100, 5, seed: 9);
        foreach (int offset in new[] { 1, -37, 1000, 100_000 })
        {
            MiningCase moved = MiningCase.Of(Rows(100, 5, (i, k) => each.Anchors[i, k] + offset), each.AnchorLabels);
            foreach (MiningRule rule in Rules)
            {
                MiningOptions options = new() { Rule = rule, Metric = metric, Margin = 1 };

                Assert.Equal(owned.Mine(each, options, out MiningStatistics before), owned.Mine(moved, options, out MiningStatistics after));
                Assert.Equal(before.Counts, after.Counts);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_EveryRowTwice_NeverSelectsTheSecondCopyOfANegative(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        MiningCase once = MiningCase.Square(RowKind.Normal, LabelKind.Few, 61, 20, seed: 10);
        MiningCase twice = MiningCase.Of(Rows(122, 20, (i, k) => once.Anchors[i % 61, k]), [.. once.AnchorLabels, .. once.AnchorLabels]);
        foreach (MiningRule rule in Rules)
        {
            Triplet[] triplets = owned.Mine(twice, new MiningOptions { Rule = rule, Metric = metric }, out _);

            Assert.NotEmpty(triplets);
            Assert.All(triplets, triplet => Assert.InRange(triplet.Negative, 0, 60));
            if (rule == MiningRule.EasyPositive)
                Assert.All(triplets, triplet => Assert.Equal((triplet.Anchor + 61) % 122, triplet.Positive));
        }
    }

    [Fact]
    public void Mine_AnyLanesAndThreads_GivesTheSameBytes()
    {
        MiningCase each = MiningCase.Square(RowKind.FarFromOrigin, LabelKind.Few, 200, 65, seed: 11);
        foreach (MiningRule rule in Enum.GetValues<MiningRule>())
        {
            Triplet[]? first = null;
            foreach (CpuLanes lanes in Backends.Cpu.CpuBackend.SupportedLanes)
            {
                using OwnedMiner owned = Miners.WithLanes(lanes);
                foreach (int threads in new[] { 1, 2, 5 })
                {
                    Triplet[] triplets = owned.Mine(each, new MiningOptions { Rule = rule, Normalize = rule == MiningRule.DistanceWeighted, Threads = threads }, out _);
                    Assert.Equal(first ??= triplets, triplets);
                }
            }
        }
    }

    private static float[,] Rows(int n, int d, Func<int, int, float> value)
    {
        float[,] rows = new float[n, d];
        for (int i = 0; i < n; i++)
        {
            for (int k = 0; k < d; k++)
                rows[i, k] = value(i, k);
        }

        return rows;
    }
}
