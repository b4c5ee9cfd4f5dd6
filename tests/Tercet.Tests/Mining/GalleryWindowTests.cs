using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Tests.Interchange;

namespace Tercet.Tests.Mining;

/// <summary>A gallery that does not fit its budget is packed a window at a time: every answer stays the same, to the bit.</summary>
public sealed class GalleryWindowTests
{
    // One panel and one tile's rows; a few panels; windows whose last one is short.
    private static readonly long[] Budgets = [1, 20_000, 77_777];

    private static readonly MiningOptions[] Rules =
    [
        new() { Rule = MiningRule.BatchHard },
        new() { Rule = MiningRule.HardNegative },
        new() { Rule = MiningRule.EasyPositive },
        new() { Rule = MiningRule.EasyPositive, EasyPositive = EasyPositiveVariant.NearestBeyondNegative },
        new() { Rule = MiningRule.SemiHard },
        new() { Rule = MiningRule.SemiHard, WithinMargin = true, Fallback = SemiHardFallback.EasiestNegative },
        new() { Rule = MiningRule.RandomSemiHard },
        new() { Rule = MiningRule.RandomHard },
        new() { Rule = MiningRule.DistanceWeighted, Normalize = true },
    ];

    public static TheoryData<CpuLanes, DistanceMetric> LanesAndMetrics => Miners.LanesAndMetrics;

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_GalleryInWindows_SelectsWhatOneWindowSelects(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner whole = WithBudget(lanes, long.MaxValue);
        int selected = 0;
        foreach (long budget in Budgets)
        {
            using OwnedMiner windowed = WithBudget(lanes, budget);
            foreach (MiningCase each in Cases(500 + (int)metric))
            {
                foreach (MiningOptions rule in Rules)
                {
                    foreach (StatisticsLevel level in Enum.GetValues<StatisticsLevel>())
                    {
                        MiningOptions options = rule with { Metric = metric, Margin = 0.5, Statistics = level, Threads = 1 + (each.Seed % 3), Seed = 9 };
                        Triplet[] expected = whole.Mine(each, options, out MiningStatistics expectedStatistics);

                        Triplet[] actual = windowed.Mine(each, options, out MiningStatistics statistics);

                        Assert.True(expected.AsSpan().SequenceEqual(actual), $"{each}; {lanes}, budget {budget}, {options}");
                        Assert.Equal(expectedStatistics, statistics);
                        selected += actual.Length;
                    }
                }
            }
        }

        Assert.InRange(selected, 10_000, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Mine_GalleryInWindows_SelectsWhatTheOracleSelects(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner windowed = WithBudget(lanes, 1);
        foreach (MiningCase each in Cases(600 + (int)metric))
        {
            var oracle = new Oracle(each, metric);
            foreach (MiningOptions rule in Rules[..6])
            {
                MiningOptions options = rule with { Metric = metric, Margin = 0.5, Threads = 2, NegativeOnlyLabel = each.NegativeOnlyLabel };
                string description = $"{each}; {lanes}, {options}";

                Agreement.Check(oracle, oracle.Mine(options), windowed.Mine(each, options, out MiningStatistics statistics), description, options.Margin);
                Agreement.Check(oracle, oracle.Counts(options.Margin), statistics.Counts, description, options.Margin);
                Agreement.Check(oracle, oracle.Mine(options), windowed.Mine(each, options with { Statistics = StatisticsLevel.Selected }, out _), description, options.Margin);
            }
        }
    }

    [Theory]
    [MemberData(nameof(LanesAndMetrics))]
    public void Stream_GalleryInWindows_StreamsWhatOneWindowStreams(CpuLanes lanes, DistanceMetric metric)
    {
        using OwnedMiner whole = WithBudget(lanes, long.MaxValue);
        using OwnedMiner windowed = WithBudget(lanes, 20_000);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        foreach (MiningCase each in Cases(700 + (int)metric))
        {
            MiningOptions options = new() { Metric = metric, Margin = 0.5, Threads = 1 + (each.Seed % 3), NegativeOnlyLabel = each.NegativeOnlyLabel };
            CollectingConsumer expected = new(), actual = new();
            Assert.Equal(
                whole.Miner.Stream(each.Input, TripletKind.SemiHard, options, expected, cancellation),
                windowed.Miner.Stream(each.Input, TripletKind.SemiHard, options, actual, cancellation));
            Assert.Equal(expected.Triplets, actual.Triplets);

            List<MinedPair> expectedPairs = [], pairs = [];
            Assert.Equal(
                whole.Miner.StreamPairs(each.Input, 0.1, options, expectedPairs.Add, cancellation),
                windowed.Miner.StreamPairs(each.Input, 0.1, options, pairs.Add, cancellation));
            Assert.Equal(expectedPairs, pairs);
        }
    }

    [Fact]
    public void Mine_GalleryLargerThanItsBudget_HoldsNoMoreThanTheBudget()
    {
        const long Budget = 1 << 20;
        MiningCase each = MiningCase.Rectangular(RowKind.UnitSphere, LabelKind.Few, 100, 6000, 80, seed: 1, withAnchorRows: true);
        long galleryBytes = 6000L * 80 * sizeof(float);
        using CpuBackend bounded = new() { GalleryBudget = Budget };
        using CpuBackend unbounded = new() { GalleryBudget = long.MaxValue };
        using TripletMiner miner = new(bounded), other = new(unbounded);
        Triplet[] triplets = new Triplet[miner.Capacity(each.Input, new MiningOptions())];
        foreach (MiningRule rule in Enum.GetValues<MiningRule>())
        {
            foreach (StatisticsLevel level in Enum.GetValues<StatisticsLevel>())
            {
                MiningOptions options = new() { Rule = rule, Statistics = level, Threads = 2 };
                int count = miner.Mine(each.Input, options, triplets, out _, TestContext.Current.CancellationToken);
                Assert.InRange(bounded.HeldGalleryBytes, 1, Budget);
                Assert.Equal(count, other.Mine(each.Input, options, triplets, out _, TestContext.Current.CancellationToken));
            }
        }

        // One pair of calls shows that the figure counts what it should.
        Assert.InRange(bounded.HeldGalleryBytes, Budget / 2, Budget);
        Assert.InRange(unbounded.HeldGalleryBytes, galleryBytes, long.MaxValue);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void StreamPairs_CancelledInTheFirstGroup_StopsBeforeTheSecondAndTheMinerWorksOn(int threads)
    {
        MiningCase each = MiningCase.Rectangular(RowKind.Normal, LabelKind.Few, 90, 800, 16, seed: 4, withAnchorRows: true);
        using OwnedMiner owned = new(new CpuBackend { GalleryBudget = 1 });
        MiningOptions options = new() { Threads = threads };
        Triplet[] expected = owned.Mine(each, options, out _);
        using CancellationTokenSource source = new();
        int last = -1;

        Assert.Throws<OperationCanceledException>(() => owned.Miner.StreamPairs(each.Input, 0.1, options, pair => Stop(pair.Anchor), source.Token));
        Assert.InRange(last, 0, 7);
        Assert.Equal(expected, owned.Mine(each, options, out _));

        void Stop(int anchor)
        {
            last = anchor;
            source.Cancel();
        }
    }

    [Theory]
    [InlineData(StatisticsLevel.Full)]
    [InlineData(StatisticsLevel.Selected)]
    public void Mine_CancelledWhileItRuns_StopsEarlyAndTheMinerWorksOn(StatisticsLevel level)
    {
        MiningCase small = MiningCase.Rectangular(RowKind.Normal, LabelKind.Few, 30, 500, 16, seed: 5, withAnchorRows: false);
        using OwnedMiner owned = new(new CpuBackend { GalleryBudget = 1 });
        MiningOptions options = new() { Rule = MiningRule.BatchHard, Statistics = level, Threads = 2 };
        Triplet[] expected = owned.Mine(small, options, out _);

        // Seconds of work, by far: it ends early or the exception is missing.
        float[,] anchors = new float[20_000, 256], gallery = new float[20_001, 256];
        gallery[0, 0] = 1;
        long[] labels = [.. Enumerable.Range(0, 20_001).Select(i => (long)(i % 2))];
        Triplet[] triplets = new Triplet[20_000];
        using CancellationTokenSource source = Cancelled.After(50);

        Assert.Throws<OperationCanceledException>(() =>
            owned.Miner.Mine(MiningInput.AgainstGallery(anchors, labels.AsSpan(1), gallery, labels), options, triplets, out _, source.Token));
        Assert.Equal(expected, owned.Mine(small, options, out _));
    }

    [Theory]
    [InlineData(MiningRule.BatchHard, StatisticsLevel.Selected)]
    [InlineData(MiningRule.SemiHard, StatisticsLevel.Full)]
    [InlineData(MiningRule.DistanceWeighted, StatisticsLevel.Full)]
    public void Mine_GalleryInWindowsInSteadyState_AllocatesNothing(MiningRule rule, StatisticsLevel level)
    {
        MiningCase each = MiningCase.Rectangular(RowKind.UnitSphere, LabelKind.Few, 60, 400, 24, seed: 6, withAnchorRows: true);
        MiningOptions options = new() { Rule = rule, Statistics = level, Threads = 1 };
        using OwnedMiner owned = new(new CpuBackend { GalleryBudget = 20_000 });
        Triplet[] triplets = new Triplet[owned.Miner.Capacity(each.Input, options)];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        for (int warmUp = 0; warmUp < 5; warmUp++)
            owned.Miner.Mine(each.Input, options, triplets, out _, cancellation);

        int count = 0;
        long allocated = AllocationTests.LeastAllocated(() =>
        {
            for (int call = 0; call < 10; call++)
                count = owned.Miner.Mine(each.Input, options, triplets, out _, cancellation);
        });

        Assert.Equal(0, allocated);
        Assert.NotEqual(0, count);
    }

    [Fact]
    public void Mine_MappedGalleryWithRowsBeyondTwoToTheThirtyOneFloats_SelectsWhatACopySelects()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The file is as sparse as Linux makes it.");
        const int Rows = 60, Pitch = 1 << 26, Depth = 24;
        MiningCase each = MiningCase.Rectangular(RowKind.UnitSphere, LabelKind.Few, 20, Rows, Depth, seed: 7, withAnchorRows: true);
        using TemporaryFolder folder = new();
        string path = folder.File("sparse");
        using (FileStream file = File.Create(path))
        {
            for (int row = 0; row < Rows; row++)
            {
                file.Position = (long)row * Pitch * sizeof(float);
                file.Write(each.Gallery.AsSpan2D().GetRowSpan(row).AsBytes());
            }

            file.SetLength((long)Rows * Pitch * sizeof(float));
        }

        using MappedMatrix mapped = new(File.OpenRead(path), 0, Rows, Pitch);
        using OwnedMiner owned = new(new CpuBackend { GalleryBudget = 1 });
        foreach (MiningOptions rule in Rules[..^1])
        {
            foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
            {
                MiningOptions options = rule with { Metric = metric, Margin = 1 };
                Triplet[] expected = owned.Mine(each, options, out _);
                Triplet[] triplets = new Triplet[expected.Length + 1000];
                MiningInput input = MiningInput.AgainstGallery(each.Anchors, each.AnchorLabels, mapped.Span[.., ..Depth], each.GalleryLabels, each.AnchorRowNumbers);

                int count = owned.Miner.Mine(input, options, triplets, out _, TestContext.Current.CancellationToken);

                Assert.Equal(expected, triplets[..count]);
                Assert.NotEqual(0, count);
            }
        }
    }

    private static OwnedMiner WithBudget(CpuLanes lanes, long budget)
    {
        Assert.SkipUnless(CpuBackend.SupportedLanes.Contains(lanes), $"This processor does not run {lanes}.");
        return new OwnedMiner(new CpuBackend(lanes) { GalleryBudget = budget });
    }

    private static IEnumerable<MiningCase> Cases(int seed) =>
    [
        .. MiningCase.Sample(80, seed).Where(each => !each.IsSquare),
        MiningCase.Rectangular(RowKind.Clustered, LabelKind.Few, 61, 415, 19, seed, withAnchorRows: true),
        MiningCase.Rectangular(RowKind.Duplicates, LabelKind.Uneven, 50, 333, 16, seed + 1, withAnchorRows: true),
        MiningCase.Rectangular(RowKind.UnitSphere, LabelKind.Large, 97, 480, 33, seed + 2, withAnchorRows: false),
    ];
}
