using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>The rules that draw: candidates, presence, reproducibility and frequencies. Seeds are fixed, so every run draws the same.</summary>
public sealed class DrawTests
{
    private const int Seeds = 3000;

    public static TheoryData<MiningRule, DistanceMetric> RulesAndMetrics
    {
        get
        {
            TheoryData<MiningRule, DistanceMetric> data = [];
            foreach (MiningRule rule in new[] { MiningRule.RandomSemiHard, MiningRule.RandomHard, MiningRule.DistanceWeighted })
            {
                foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
                    data.Add(rule, metric);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(RulesAndMetrics))]
    public void Mine_OverTheGrid_DrawsACandidateForExactlyThePairsThatHaveOne(MiningRule rule, DistanceMetric metric)
    {
        int drawn = 0;
        foreach (Backends.CpuLanes lanes in Backends.Cpu.CpuBackend.SupportedLanes)
        {
            using OwnedMiner owned = Miners.WithLanes(lanes);
            foreach (MiningCase each in MiningCase.Sample(60, seed: 400 + (10 * (int)rule) + (int)metric))
            {
                MiningOptions options = Options(rule, metric, each) with { Margin = each.Seed % 2 == 0 ? 0.2 : 2, Seed = (ulong)each.Seed };
                var oracle = new Oracle(each, metric, options.Normalize);

                Triplet[] first = owned.Mine(each, options, out MiningStatistics statistics);
                Triplet[] second = owned.Mine(each, options with { Threads = 2, Statistics = StatisticsLevel.Selected }, out _);

                string description = $"{each}; {lanes}, {options}";
                Assert.True(first.AsSpan().SequenceEqual(second), description + ": another number of threads drew others");
                Agreement.Check(oracle, oracle.Counts(options.Margin), statistics.Counts, description, options.Margin);
                CheckCandidates(oracle, options, first, description);
                drawn += first.Length;
            }
        }

        Assert.InRange(drawn, 1000, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(RulesAndMetrics))]
    public void Mine_ManySeeds_DrawsWithTheRulesFrequencies(MiningRule rule, DistanceMetric metric)
    {
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 22, 5, seed: 17);
        MiningOptions options = Options(rule, metric, each) with { Margin = metric == DistanceMetric.SquaredEuclidean ? 1 : 0.5, Threads = 1 };
        var oracle = new Oracle(each, metric, options.Normalize);
        Dictionary<(int A, int P), int[]> tally = Tally(each, options);

        double chiSquare = 0;
        int freedom = 0;
        foreach (((int a, int p), int[] counts) in tally)
        {
            List<int> candidates = oracle.Drawable(a, p, options);
            double[] probability = Probabilities(oracle, options, a, candidates);
            Assert.Equal(Seeds, counts.Sum());
            Assert.Equal(Seeds, candidates.Sum(n => counts[n]));

            // Cells too rare for the statistic are taken together.
            double restExpected = 0, restObserved = 0;
            int cells = 0;
            for (int i = 0; i < candidates.Count; i++)
            {
                double expected = Seeds * probability[i], observed = counts[candidates[i]];
                if (expected < 8)
                {
                    restExpected += expected;
                    restObserved += observed;
                    continue;
                }

                chiSquare += (observed - expected) * (observed - expected) / expected;
                cells++;
            }

            if (restExpected >= 8)
            {
                chiSquare += (restObserved - restExpected) * (restObserved - restExpected) / restExpected;
                cells++;
            }

            freedom += Math.Max(0, cells - 1);
        }

        // Mean and standard deviation of chi-square; draws that are too even are no draws either.
        double deviation = Math.Sqrt(2.0 * freedom);
        Assert.InRange(freedom, 60, int.MaxValue);
        Assert.InRange(chiSquare, freedom - (5 * deviation), freedom + (5 * deviation));
    }

    [Fact]
    public void Mine_PairsWithTheSameCandidates_DrawIndependently()
    {
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Large, 24, 6, seed: 3);
        MiningOptions options = new() { Rule = MiningRule.RandomHard, Margin = 100, Threads = 1 };
        using OwnedMiner owned = Miners.WithLanes(Backends.CpuLanes.Scalar);
        long agreements = 0;
        double expected = 0;
        for (ulong seed = 0; seed < 400; seed++)
        {
            foreach (IGrouping<int, Triplet> anchor in owned.Mine(each, options with { Seed = seed }, out _).GroupBy(triplet => triplet.Anchor))
            {
                int[] negatives = [.. anchor.Select(triplet => triplet.Negative)];
                for (int i = 1; i < negatives.Length; i++)
                {
                    agreements += negatives[i] == negatives[i - 1] ? 1 : 0;
                    expected += 1.0 / each.GalleryLabels.Count(label => label != each.GalleryLabels[anchor.Key]);
                }
            }
        }

        Assert.InRange(agreements, expected - (5 * Math.Sqrt(expected)), expected + (5 * Math.Sqrt(expected)));
    }

    [Fact]
    public void Mine_AnotherSeed_DrawsOthers()
    {
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 64, 8, seed: 5);
        MiningOptions options = new() { Rule = MiningRule.RandomHard, Margin = 4 };
        using OwnedMiner owned = Miners.WithLanes(Backends.CpuLanes.Scalar);

        Triplet[] first = owned.Mine(each, options with { Seed = 1 }, out _), second = owned.Mine(each, options with { Seed = 2 }, out _);

        Assert.Equal(first.Length, second.Length);
        Assert.InRange(first.Zip(second).Count(both => both.First == both.Second), 0, first.Length / 4);
    }

    [Fact]
    public void Mine_NoNegativeWithinTheLimit_SkipsTheAnchor()
    {
        // Opposite labels lie at distance 2 on the circle.
        MiningCase each = MiningCase.Of(new float[,] { { 1, 0 }, { 1, 0 }, { -1, 0 }, { -1, 0 } }, 0, 0, 1, 1);
        using OwnedMiner owned = Miners.WithLanes(Backends.CpuLanes.Scalar);

        Assert.Empty(owned.Mine(each, new MiningOptions { Rule = MiningRule.DistanceWeighted }, out MiningStatistics statistics));
        Assert.Equal(EmptyReason.NoCandidates, statistics.EmptyReason);
    }

    // DistanceWeighted speaks of the unit sphere, so its rows are put there.
    private static MiningOptions Options(MiningRule rule, DistanceMetric metric, MiningCase each) =>
        new() { Rule = rule, Metric = metric, Normalize = rule == MiningRule.DistanceWeighted, NegativeOnlyLabel = each.NegativeOnlyLabel, Threads = 1 };

    private static void CheckCandidates(Oracle oracle, MiningOptions options, Triplet[] drawn, string description)
    {
        Assert.Equal(drawn.OrderBy(triplet => triplet.Anchor).ThenBy(triplet => triplet.Positive), drawn);
        Dictionary<(int, int), int> negatives = drawn.ToDictionary(triplet => (triplet.Anchor, triplet.Positive), triplet => triplet.Negative);
        double border = options.Rule != MiningRule.DistanceWeighted ? options.Margin : 0;
        for (int a = 0; a < oracle.AnchorRows; a++)
        {
            foreach (int p in oracle.Positives(a))
            {
                List<int> candidates = oracle.Drawable(a, p, options);
                bool agrees = negatives.Remove((a, p), out int n) ? candidates.Contains(n) : candidates.Count == 0;
                if (!agrees && !oracle.IsOpen(a, border))
                    Assert.Fail($"{description}: pair ({a}, {p}) drew {n} of [{string.Join(" ", candidates)}]");
            }
        }

        Assert.Empty(negatives);
    }

    private static Dictionary<(int A, int P), int[]> Tally(MiningCase each, MiningOptions options)
    {
        using OwnedMiner owned = Miners.WithLanes(Backends.CpuLanes.Scalar);
        Dictionary<(int A, int P), int[]> tally = [];
        for (int seed = 0; seed < Seeds; seed++)
        {
            foreach (Triplet triplet in owned.Mine(each, options with { Seed = (ulong)seed, Statistics = StatisticsLevel.Selected }, out _))
            {
                if (!tally.TryGetValue((triplet.Anchor, triplet.Positive), out int[]? counts))
                    tally[(triplet.Anchor, triplet.Positive)] = counts = new int[each.N];
                counts[triplet.Negative]++;
            }
        }

        return tally;
    }

    private static double[] Probabilities(Oracle oracle, MiningOptions options, int a, List<int> candidates)
    {
        if (options.Rule != MiningRule.DistanceWeighted)
            return [.. candidates.Select(_ => 1.0 / candidates.Count)];
        double[] logWeights = [.. candidates.Select(n => oracle.LogWeight(a, n, options))];
        double[] weights = [.. logWeights.Select(weight => Math.Exp(weight - logWeights.Max()))];
        return [.. weights.Select(weight => weight / weights.Sum())];
    }
}
