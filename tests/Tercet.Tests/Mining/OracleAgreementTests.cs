using Tercet.Backends;
using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>Every rule that does not draw, every width, metric and kind of input, index for index against the float64 oracle.</summary>
public sealed class OracleAgreementTests
{
    private static readonly double[] Margins = [0, 0.05, 0.2, 1, 4];

    private static readonly MiningOptions[] Rules =
    [
        new() { Rule = MiningRule.BatchHard },
        new() { Rule = MiningRule.HardNegative },
        new() { Rule = MiningRule.SemiHard },
        new() { Rule = MiningRule.SemiHard, Fallback = SemiHardFallback.EasiestNegative },
        new() { Rule = MiningRule.SemiHard, Fallback = SemiHardFallback.HardestNegative },
        new() { Rule = MiningRule.SemiHard, WithinMargin = true },
        new() { Rule = MiningRule.SemiHard, WithinMargin = true, Fallback = SemiHardFallback.EasiestNegative },
        new() { Rule = MiningRule.SemiHard, WithinMargin = true, Fallback = SemiHardFallback.HardestNegative },
        new() { Rule = MiningRule.EasyPositive },
        new() { Rule = MiningRule.EasyPositive, EasyPositive = EasyPositiveVariant.NearestBeyondNegative },
    ];

    public static TheoryData<CpuLanes, DistanceMetric> LanesAndMetrics => Miners.LanesAndMetrics;

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_EveryRuleOverTheGrid_SelectsWhatTheOracleSelects(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        int selected = 0;
        foreach (MiningCase each in MiningCase.Sample(120, seed: 100 + (10 * (int)lanes) + (int)metric))
        {
            double margin = Margins[each.Seed / 7 % Margins.Length];
            bool normalize = each.Seed % 5 == 0;
            var oracle = new Oracle(each, metric, normalize);
            TripletCounts counts = oracle.Counts(margin);
            foreach (MiningOptions rule in Rules)
            {
                MiningOptions options = rule with { Metric = metric, Margin = margin, Normalize = normalize, Threads = 1 + (each.Seed % 3), NegativeOnlyLabel = each.NegativeOnlyLabel };
                string description = $"{each}; {lanes}, {options}";
                List<Triplet> expected = oracle.Mine(options);

                Triplet[] full = owned.Mine(each, options, out MiningStatistics statistics);
                Agreement.Check(oracle, expected, full, description, margin);
                Agreement.Check(oracle, counts, statistics.Counts, description, margin);
                Assert.Equal(counts.Total, statistics.ValidTriplets);
                Assert.Equal(full.Length, statistics.Selected);

                Triplet[] quick = owned.Mine(each, options with { Statistics = StatisticsLevel.Selected }, out statistics);
                Agreement.Check(oracle, expected, quick, description + " (Selected)", margin);
                Assert.Null(statistics.Counts);
                selected += expected.Count;
            }
        }

        Assert.InRange(selected, 10_000, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Stream_EveryKindOverTheGrid_StreamsTheOraclesTripletsInOrder(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        foreach (MiningCase each in MiningCase.Sample(24, seed: 200 + (10 * (int)lanes) + (int)metric))
        {
            double margin = Margins[each.Seed / 7 % Margins.Length];
            var oracle = new Oracle(each, metric);
            foreach (TripletKind kind in Enum.GetValues<TripletKind>())
            {
                var options = new MiningOptions { Metric = metric, Margin = margin, Threads = 1 + (each.Seed % 3), NegativeOnlyLabel = each.NegativeOnlyLabel };
                CollectingConsumer consumer = new();

                MiningStatistics statistics = owned.Miner.Stream(each.Input, kind, options, consumer, TestContext.Current.CancellationToken);

                string description = $"{each}; {lanes}, {kind}, {options}";
                Agreement.Check(oracle, oracle.Stream(kind, margin), consumer.Triplets, description, margin);
                Agreement.Check(oracle, oracle.Counts(margin), statistics.Counts, description, margin);
                Assert.Equal(consumer.Triplets.Count, statistics.Selected);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void StreamPairs_OverTheGrid_StreamsTheOraclesPairsInOrder(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        int streamed = 0;
        foreach (MiningCase each in MiningCase.Sample(80, seed: 300 + (10 * (int)lanes) + (int)metric))
        {
            double epsilon = Margins[each.Seed / 7 % Margins.Length];
            var oracle = new Oracle(each, metric);
            var options = new MiningOptions { Metric = metric, Threads = 1 + (each.Seed % 3), NegativeOnlyLabel = each.NegativeOnlyLabel };
            List<MinedPair> pairs = [];

            MiningStatistics statistics = owned.Miner.StreamPairs(each.Input, epsilon, options, pairs.Add, TestContext.Current.CancellationToken);

            Agreement.Check(oracle, oracle.Pairs(epsilon), pairs, $"{each}; {lanes}, ε = {epsilon}, {options}", epsilon);
            Assert.Equal(pairs.Count, statistics.Selected);
            streamed += pairs.Count;
        }

        Assert.InRange(streamed, 1000, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_BatchOfSeveralTiles_SelectsWhatTheOracleSelects(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner owned = Miners.WithLanes(lanes);
        foreach ((RowKind rows, int n) in new[] { (RowKind.Clustered, 389), (RowKind.Duplicates, 515), (RowKind.UnitSphere, 640) })
        {
            MiningCase each = MiningCase.Square(rows, LabelKind.Few, n, 19, seed: n);
            var oracle = new Oracle(each, metric);
            foreach (MiningOptions rule in Rules)
            {
                MiningOptions options = rule with { Metric = metric, Threads = 2 };
                Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out MiningStatistics statistics), $"{each}; {lanes}, {options}", options.Margin);
                Agreement.Check(oracle, oracle.Counts(options.Margin), statistics.Counts, $"{each}; {lanes}, {options}", options.Margin);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_ManyKeysABinAndManyPositives_SelectsWhatTheOracleSelects(CpuLanes lanes, DistanceMetric metric)
    {
        // Few dimensions and many rows crowd the bins of the semi-hard kernel; one label has more positives than its quick sort takes.
        using OwnedMiner owned = Miners.WithLanes(lanes);
        foreach ((RowKind rows, int d) in new[] { (RowKind.UnitSphere, 2), (RowKind.FarFromOrigin, 3), (RowKind.Clustered, 40) })
        {
            long[] labels = [.. Enumerable.Range(0, 400).Select(i => i % 3 == 0 ? 7L : i % 50)];
            MiningCase each = MiningCase.Of(MiningData.Rows(rows, labels, d, new Random(d)), labels);
            var oracle = new Oracle(each, metric);
            var options = new MiningOptions { Metric = metric, Threads = 2, WithinMargin = d == 3 };
            string description = $"{rows}, D = {d}; {lanes}, {options}";
            Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out MiningStatistics statistics), description, options.Margin);
            Agreement.Check(oracle, oracle.Counts(options.Margin), statistics.Counts, description, options.Margin);
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_RowsThatTheSampledOnesSayNothingOf_SelectsWhatTheOracleSelects(CpuLanes lanes, DistanceMetric metric)
    {
        // The semi-hard kernel looks at a part of an anchor's keys to place its windows: here those of labels that lie elsewhere.
        using OwnedMiner owned = Miners.WithLanes(lanes);
        long[] labels = [.. Enumerable.Range(0, 1100).Select(i => (long)(i / 8))];
        float[,] rows = MiningData.Rows(RowKind.Normal, labels, 6, new Random(6));
        for (int i = 0; i < 600; i++)
            rows[i, 0] += 20;
        Check(owned, MiningCase.Of(rows, labels), new MiningOptions { Metric = metric, Threads = 2 });
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_PairsOfNegativesThatTieInFloat32_SelectsWhatTheOracleSelects(CpuLanes lanes, DistanceMetric metric)
    {
        // Far from the origin float32 keys are coarse, and every row has a twin within their rounding: float64 decides, also where a bin's edge parts the twins.
        using OwnedMiner owned = Miners.WithLanes(lanes);
        long[] labels = [.. Enumerable.Range(0, 1200).Select(i => (long)(i / 12))];
        var random = new Random(7);
        float[,] rows = MiningData.Rows(RowKind.Normal, labels, 6, random);
        for (int i = 0; i < labels.Length; i++)
        {
            rows[i, 0] += i % 2 == 0 ? 100 : 0;
            for (int k = 0; k < rows.GetLength(1) && i % 2 == 1; k++)
                rows[i, k] = rows[i - 1, k] + (1e-4f * MiningData.Normal(random));
        }

        Check(owned, MiningCase.Of(rows, labels), new MiningOptions { Metric = metric, Threads = 2 });
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_ListsOfNearKeysThatFillAndOverflow_SelectsWhatTheOracleSelects(CpuLanes lanes, DistanceMetric metric)
    {
        // Without counts the square form keeps a list of keys an anchor: few positives leave little room in it, ties crowd it, and where a label's rows lie far apart
        // no key beyond their distances is known at first, or at all.
        using OwnedMiner owned = Miners.WithLanes(lanes);
        long[] pairs = [.. Enumerable.Range(0, 900).Select(i => i < 860 ? (long)(i / 2) : i % 7 == 0 ? -1 : 1000 + i)];
        float[,] apart = MiningData.Rows(RowKind.Normal, pairs, 5, new Random(5));
        for (int i = 0; i < pairs.Length; i += 6)
            apart[i, 0] += i % 4 == 0 ? 6 : 60;
        foreach (MiningCase rows in new[]
        {
            MiningCase.Of(MiningData.Rows(RowKind.UnitSphere, pairs, 4, new Random(4)), pairs),
            MiningCase.Of(MiningData.Rows(RowKind.Lattice, pairs, 3, new Random(3)), pairs),
            MiningCase.Of(MiningData.Rows(RowKind.AllEqual, pairs[..500], 9, new Random(9)), pairs[..500]),
            MiningCase.Of(apart, pairs),
        })
        {
            MiningCase each = rows with { NegativeOnlyLabel = -1 };
            var oracle = new Oracle(each, metric);
            foreach (int threads in new[] { 1, 3 })
            {
                var options = new MiningOptions { Metric = metric, Threads = threads, Statistics = StatisticsLevel.Selected, NegativeOnlyLabel = -1, Fallback = SemiHardFallback.HardestNegative };
                Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), $"{each}, {options}", options.Margin);
            }
        }
    }

    [Fact]
    public void Mine_LabelsOfGrowingSizeInOneMiner_SelectsWhatTheOracleSelects()
    {
        // Working memory is kept from call to call and grows in steps: every order of sizes must end with enough of it.
        var random = new Random(1);
        for (int round = 0; round < 60; round++)
        {
            using OwnedMiner owned = Miners.WithLanes(CpuLanes.Scalar);
            int[] sizes = [.. Enumerable.Range(0, 12).Select(_ => random.Next(2, 40)).Order()];
            foreach (int size in sizes)
            {
                long[] labels = [.. Enumerable.Range(0, size + 5).Select(i => i < size ? 1L : 10 + i)];
                MiningCase each = MiningCase.Of(MiningData.Rows(RowKind.Normal, labels, 2, random), labels);
                var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);
                foreach (MiningOptions rule in Rules)
                {
                    MiningOptions options = rule with { Threads = 1 };
                    Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), $"sizes {string.Join(" ", sizes)} at {size}, {options}", options.Margin);
                }
            }
        }
    }

    private static void Check(OwnedMiner owned, MiningCase each, MiningOptions options)
    {
        var oracle = new Oracle(each, options.Metric);
        Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out MiningStatistics statistics), $"{options}", options.Margin);
        Agreement.Check(oracle, oracle.Counts(options.Margin), statistics.Counts, $"{options}", options.Margin);
        Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options with { Statistics = StatisticsLevel.Selected }, out _), $"{options} (Selected)", options.Margin);
    }
}
