using Tercet.Backends.Cuda;
using Tercet.Backends.Cuda.Driver;
using Tercet.Mining;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>The CUDA backend over the simulated kernels, index for index against the float64 oracle.</summary>
public sealed class CudaAgreementTests
{
    private static readonly double[] Margins = [0, 0.05, 0.2, 1, 4];

    private static readonly MiningOptions[] Rules =
    [
        new() { Rule = MiningRule.BatchHard },
        new() { Rule = MiningRule.HardNegative },
        new() { Rule = MiningRule.EasyPositive },
        new() { Rule = MiningRule.SemiHard, Fallback = SemiHardFallback.EasiestNegative },
        new() { Rule = MiningRule.SemiHard, WithinMargin = true, Fallback = SemiHardFallback.HardestNegative },
        new() { Rule = MiningRule.EasyPositive, EasyPositive = EasyPositiveVariant.NearestBeyondNegative },
    ];

    /// <summary>Every metric and every schedule; not each with each, of which the native tests take more.</summary>
    public static TheoryData<DistanceMetric, int> MetricsAndSchedules => new()
    {
        { DistanceMetric.SquaredEuclidean, 0 },
        { DistanceMetric.SquaredEuclidean, 1 },
        { DistanceMetric.SquaredEuclidean, 2 },
        { DistanceMetric.Euclidean, 1 },
        { DistanceMetric.Cosine, 2 },
    };

    [Theory]
    [MemberData(nameof(MetricsAndSchedules))]
    public void Mine_EveryRuleOverTheGrid_SelectsWhatTheOracleSelects(DistanceMetric metric, int schedule)
    {
        SimulatedDriver driver = new() { Schedule = schedule };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        int selected = 0;
        foreach (MiningCase each in MiningCase.Sample(20, seed: 500 + (10 * schedule) + (int)metric))
        {
            double margin = Margins[each.Seed / 7 % Margins.Length];
            bool normalize = each.Seed % 5 == 0;
            var oracle = new Oracle(each, metric, normalize);
            foreach (MiningOptions rule in Rules)
            {
                MiningOptions options = rule with { Metric = metric, Margin = margin, Normalize = normalize, Threads = 1 + (each.Seed % 3), NegativeOnlyLabel = each.NegativeOnlyLabel };
                string description = $"{each}; simulated device, schedule {schedule}, {options}";
                List<Triplet> expected = oracle.Mine(options);

                Triplet[] quick = owned.Mine(each, options with { Statistics = StatisticsLevel.Selected }, out _);
                Agreement.Check(oracle, expected, quick, description, margin);
                selected += expected.Count;
            }

            MiningOptions counted = Rules[each.Seed % Rules.Length] with { Metric = metric, Margin = margin, Normalize = normalize, NegativeOnlyLabel = each.NegativeOnlyLabel };
            Triplet[] full = owned.Mine(each, counted, out MiningStatistics statistics);
            Agreement.Check(oracle, oracle.Mine(counted), full, $"{each}; {counted}", margin);
            Agreement.Check(oracle, oracle.Counts(margin), statistics.Counts, $"{each}; {counted}", margin);
        }

        Assert.InRange(selected, 1000, int.MaxValue);
        Assert.Contains(driver.Launched, name => name.StartsWith("extremes_", StringComparison.Ordinal));
        Assert.Contains(driver.Launched, name => name.StartsWith("semi_hard_", StringComparison.Ordinal));
        Assert.DoesNotContain(driver.Launched, name => name.StartsWith("key_rows_", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(MetricsAndSchedules))]
    public void Mine_OnTensorCores_SelectsWhatTheOracleSelects(DistanceMetric metric, int schedule)
    {
        SimulatedDriver driver = new() { Schedule = schedule, Device = SimulatedDriver.Ampere };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        foreach (MiningCase each in MiningCase.Sample(12, seed: 600 + (10 * schedule) + (int)metric))
        {
            var oracle = new Oracle(each, metric);
            foreach (MiningOptions rule in Rules.Where(rule => rule.Rule is MiningRule.BatchHard or MiningRule.EasyPositive || (rule.Rule == MiningRule.SemiHard && each.Seed % 4 == 0)))
            {
                MiningOptions options = rule with { Metric = metric, NegativeOnlyLabel = each.NegativeOnlyLabel, Statistics = StatisticsLevel.Selected };
                Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), $"{each}; tensor cores, schedule {schedule}, {options}", options.Margin);
            }
        }

        Assert.Contains(driver.Launched, name => name.StartsWith("extremes_mma_", StringComparison.Ordinal));
        Assert.Contains(driver.Launched, name => name.StartsWith("semi_hard_mma_", StringComparison.Ordinal));
        Assert.DoesNotContain(driver.Launched, name => name is "extremes_squared_euclidean" or "extremes_cosine" or "semi_hard_squared_euclidean" or "semi_hard_cosine");
    }

    [Theory]
    [MemberData(nameof(MetricsAndSchedules))]
    public void Mine_ByWarpGroups_SelectsWhatTheOracleSelects(DistanceMetric metric, int schedule)
    {
        SimulatedDriver driver = new() { Schedule = schedule, Device = SimulatedDriver.Hopper };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        foreach (MiningCase each in MiningCase.Sample(12, seed: 650 + (10 * schedule) + (int)metric))
        {
            var oracle = new Oracle(each, metric);
            foreach (MiningOptions rule in Rules.Where(rule => rule.Rule is MiningRule.BatchHard or MiningRule.EasyPositive))
            {
                MiningOptions options = rule with { Metric = metric, NegativeOnlyLabel = each.NegativeOnlyLabel, Statistics = StatisticsLevel.Selected };
                Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), $"{each}; warp groups, schedule {schedule}, {options}", options.Margin);
            }
        }

        // Batches and anchors against a gallery alike.
        string[] launched = [.. driver.Launched];
        Assert.Contains(launched, name => name.StartsWith("extremes_wgmma_", StringComparison.Ordinal));
        Assert.DoesNotContain(launched, name => name.StartsWith("extremes_mma_", StringComparison.Ordinal));
    }

    [Fact]
    public void Mine_ModuleWithoutWarpGroups_FallsBackToTensorCores()
    {
        SimulatedDriver driver = new() { Device = SimulatedDriver.Hopper, Lacks = name => name.StartsWith("extremes_wgmma_", StringComparison.Ordinal) };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 140, 9, seed: 3);
        Oracle oracle = new(each, DistanceMetric.SquaredEuclidean);
        MiningOptions options = new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected };

        Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), "compiled from PTX", options.Margin);

        Assert.Contains("extremes_mma_squared_euclidean", driver.Launched);
    }

    [Fact]
    public void Find_ForcedWarpGroupsThatTheModuleLacks_ThrowsAndSaysWhatToBuild()
    {
        SimulatedDriver.SkipUnlessBuilt();
        using SimulatedDriver driver = new() { Device = SimulatedDriver.Hopper, Lacks = name => name.StartsWith("extremes_wgmma_", StringComparison.Ordinal) };

        Assert.Contains("sm_90a", Assert.Throws<CudaException>(() => CudaKernels.Find(driver, 0, "wgmma")).Message, StringComparison.Ordinal);
        Assert.Equal(0, CudaKernels.Find(driver, 0, null).Cosine.ExtremesWarpGroups);
        Assert.Equal(0, CudaKernels.Find(driver, 0, "mma").Cosine.ExtremesWarpGroups);
    }

    [Theory]
    [InlineData(7, 5, null, (int)ProductUnit.Float32)]
    [InlineData(8, 6, "", (int)ProductUnit.TensorCores)]
    [InlineData(9, 0, null, (int)ProductUnit.WarpGroups)]
    [InlineData(10, 0, null, (int)ProductUnit.TensorCores)]
    [InlineData(9, 0, "mma", (int)ProductUnit.TensorCores)]
    [InlineData(9, 0, "float32", (int)ProductUnit.Float32)]
    [InlineData(9, 0, "wgmma", (int)ProductUnit.WarpGroups)]
    public void Choose_DeviceAndVariable_GiveTheUnit(int major, int minor, string? forced, int expected) =>
        Assert.Equal((ProductUnit)expected, ProductUnits.Choose(major, minor, forced));

    [Theory]
    [InlineData(8, 0, "wgmma")]
    [InlineData(7, 5, "mma")]
    [InlineData(9, 0, "tf32")]
    public void Choose_UnitThatIsNotThere_Throws(int major, int minor, string forced) =>
        Assert.Contains(forced, Assert.Throws<CudaException>(() => ProductUnits.Choose(major, minor, forced)).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(MetricsAndSchedules))]
    public void StreamPairs_InSmallChunks_StreamsTheOraclesPairsInOrder(DistanceMetric metric, int schedule)
    {
        // One panel of anchors a chunk, so that a batch of 300 takes three.
        SimulatedDriver driver = new() { Schedule = schedule };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver, keyBudget: 1));
        MiningCase each = MiningCase.Square(RowKind.Clustered, LabelKind.NegativeOnly, 300, 9, seed: 31 + schedule);
        var oracle = new Oracle(each, metric);
        MiningOptions options = new() { Metric = metric, Threads = 2, NegativeOnlyLabel = each.NegativeOnlyLabel };
        List<MinedPair> pairs = [];

        owned.Miner.StreamPairs(each.Input, 0.2, options, pairs.Add, TestContext.Current.CancellationToken);

        Assert.NotEmpty(pairs);
        Agreement.Check(oracle, oracle.Pairs(0.2), pairs, $"{each}; {options}", 0.2);
        Assert.Contains(driver.Launched, name => name.StartsWith("key_rows_", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(MetricsAndSchedules))]
    public void Mine_SemiHardInSmallChunks_SelectsWhatTheOracleSelects(DistanceMetric metric, int schedule)
    {
        foreach ((RowKind rows, LabelKind labels, CudaDevice device) in new[] { (RowKind.Clustered, LabelKind.Uneven, SimulatedDriver.Hopper), (RowKind.Normal, LabelKind.Large, new SimulatedDriver().Device) })
        {
            SimulatedDriver driver = new() { Schedule = schedule, Device = device };
            using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver, keyBudget: 1));
            MiningCase each = MiningCase.Square(rows, labels, 270, 6, seed: 41 + schedule);
            var oracle = new Oracle(each, metric);
            MiningOptions options = new() { Rule = MiningRule.SemiHard, Metric = metric, Threads = 2, Fallback = SemiHardFallback.EasiestNegative };

            Triplet[] actual = owned.Mine(each, options, out MiningStatistics statistics);

            Agreement.Check(oracle, oracle.Mine(options), actual, $"{each}; {options}", options.Margin);
            Agreement.Check(oracle, oracle.Counts(options.Margin), statistics.Counts, $"{each}; {options}", options.Margin);
            Assert.Equal(device == SimulatedDriver.Hopper, driver.Launched.Any(name => name.StartsWith("semi_hard_mma_", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Mine_BatchOfSeveralPanels_SelectsWhatTheOracleSelects()
    {
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(new SimulatedDriver()));
        foreach ((RowKind rows, int n) in new[] { (RowKind.Clustered, 389), (RowKind.UnitSphere, 520) })
        {
            MiningCase each = MiningCase.Square(rows, LabelKind.Few, n, 19, seed: n);
            var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);
            foreach (MiningOptions rule in Rules)
            {
                MiningOptions options = rule with { Statistics = StatisticsLevel.Selected };
                Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), $"{each}; {options}", options.Margin);
            }
        }
    }
}
