using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>A call into the caller's memory allocates nothing once its working memory has grown.</summary>
public sealed class AllocationTests
{
    public static TheoryData<MiningRule, StatisticsLevel, int> RulesLevelsAndThreads
    {
        get
        {
            TheoryData<MiningRule, StatisticsLevel, int> data = [];
            foreach (MiningRule rule in Enum.GetValues<MiningRule>())
            {
                foreach (StatisticsLevel level in Enum.GetValues<StatisticsLevel>())
                {
                    foreach (int threads in new[] { 1, 2 })
                        data.Add(rule, level, threads);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(RulesLevelsAndThreads))]
    public void Mine_SteadyState_AllocatesNothing(MiningRule rule, StatisticsLevel level, int threads)
    {
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 300, 48, seed: 1);
        MiningOptions options = new() { Rule = rule, Statistics = level, Threads = threads, Normalize = true };
        using TripletMiner miner = new();
        Triplet[] triplets = new Triplet[miner.Capacity(each.Input, options)];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        int expected = 0;
        for (int warmUp = 0; warmUp < 5; warmUp++)
            expected = miner.Mine(each.Input, options, triplets, out _, cancellation);

        int count = 0;
        long allocated = LeastAllocated(() =>
        {
            for (int call = 0; call < 20; call++)
                count = miner.Mine(each.Input, options, triplets, out _, cancellation);
        });

        Assert.Equal(0, allocated);
        Assert.Equal(expected, count);
        Assert.NotEqual(0, count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void BatchAllLoss_SteadyState_AllocatesNothing(int threads)
    {
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 200, 48, seed: 1);
        MiningOptions options = new() { Threads = threads };
        using TripletMiner miner = new();
        float[,] gradient = new float[200, 48];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        for (int warmUp = 0; warmUp < 5; warmUp++)
            miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.Mean, gradient, cancellation);

        double value = 0;
        long allocated = LeastAllocated(() =>
        {
            for (int call = 0; call < 10; call++)
                value = miner.BatchAllLoss(each.Anchors, each.AnchorLabels, options, LossReduction.Mean, gradient, cancellation).Value;
        });

        Assert.Equal(0, allocated);
        Assert.InRange(value, 0.001, double.MaxValue);
    }

    // The runtime's locks and events allocate the first time that a thread has to block on them, which may be late: a steady state is one that is reached, and that no collection
    // ends (what is held weakly would be made again). Where it is not reached, the test's output says what each window allocated.
    internal static long LeastAllocated(Action calls)
    {
        const int Windows = 64;
        List<long> allocated = new(Windows);
        while (allocated.Count < Windows)
        {
            GC.Collect();
            long before = GC.GetAllocatedBytesForCurrentThread();
            calls();
            allocated.Add(GC.GetAllocatedBytesForCurrentThread() - before);
            if (allocated[^1] == 0)
                return 0;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"bytes allocated by window: {string.Join(", ", allocated)}");
        return allocated.Min();
    }
}
