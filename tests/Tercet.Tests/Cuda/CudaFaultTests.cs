using Tercet.Backends.Cuda;
using Tercet.Mining;
using Tercet.Tests.Mining;
using Tercet.Tests.Search;

namespace Tercet.Tests.Cuda;

/// <summary>Devices that are too old, too small or shared.</summary>
public sealed class CudaFaultTests
{
    private static readonly MiningOptions BatchHard = new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected };

    [Theory]
    [InlineData(7, 5, 11080, "CUDA 11.8; 12.0 or newer")]
    [InlineData(7, 0, 12040, "compute capability 7.0; 7.5 or newer")]
    public void Constructor_DriverOrCardTooOld_SaysSoAndClosesTheDriver(int major, int minor, int version, string expected)
    {
        SimulatedDriver driver = new() { Device = SimulatedDriver.Ampere with { ComputeMajor = major, ComputeMinor = minor, DriverVersion = version } };

        CudaException exception = Assert.Throws<CudaException>(() => new CudaBackend(driver, []));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Equal((0, true), (driver.Live, driver.IsDisposed));
    }

    [Theory]
    [InlineData(DistanceMetric.SquaredEuclidean)]
    [InlineData(DistanceMetric.Euclidean)]
    [InlineData(DistanceMetric.Cosine)]
    public void Mine_NoRoomForTheFusedPass_FindsTheSameInChunks(DistanceMetric metric)
    {
        // Candidates take 768 bytes an anchor; one panel's keys 512 a row.
        SimulatedDriver driver = new() { Capacity = 340_000, Device = SimulatedDriver.Ampere };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        foreach (RowKind rows in new[] { RowKind.UnitSphere, RowKind.Duplicates })
        {
            MiningCase each = MiningCase.Square(rows, LabelKind.Few, 500, 3, seed: 3);
            var oracle = new Oracle(each, metric);
            foreach (MiningRule rule in new[] { MiningRule.BatchHard, MiningRule.EasyPositive })
            {
                MiningOptions options = BatchHard with { Rule = rule, Metric = metric, Threads = 2, NegativeOnlyLabel = each.NegativeOnlyLabel };
                Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), $"{each}; {options}", options.Margin);
            }
        }

        Assert.DoesNotContain(driver.Launched, name => name.StartsWith("extremes", StringComparison.Ordinal));
        Assert.Contains(driver.Launched, name => name.StartsWith("key_rows", StringComparison.Ordinal));
    }

    [Fact]
    public void Mine_NoRoomForChunksEither_ThrowsAndHoldsNothing()
    {
        SimulatedDriver driver = new() { Capacity = 220_000 };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 500, 3, seed: 3);

        CudaException exception = Assert.Throws<CudaException>(() => owned.Mine(each, BatchHard, out _));

        Assert.Equal(CudaException.OutOfMemory, exception.Status);
        Assert.Equal(0, driver.DeviceBytes);
        driver.Capacity = long.MaxValue;
        var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);
        Agreement.Check(oracle, oracle.Mine(BatchHard), owned.Mine(each, BatchHard, out _), "with memory", BatchHard.Margin);
    }

    [Theory]
    [InlineData(MiningRule.BatchHard, 7, 2100)]
    [InlineData(MiningRule.BatchHard, 8, 150)]
    [InlineData(MiningRule.BatchHard, 9, 150)]
    [InlineData(MiningRule.SemiHard, 8, 150)]
    public void Mine_AnyAllocationFails_NothingInUseIsFreed(MiningRule rule, int computeMajor, int gallery)
    {
        MiningOptions options = BatchHard with { Rule = rule };
        MiningCase each = MiningCase.Rectangular(RowKind.UnitSphere, LabelKind.Few, 40, gallery, 3, seed: 3, withAnchorRows: true);
        var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);
        int failing = 0, failed;
        do
        {
            failed = 0;
            SimulatedDriver device = new() { Device = SimulatedDriver.Ampere with { ComputeMajor = computeMajor, ComputeMinor = computeMajor == 7 ? 5 : 0 } };
            device.Fail = AllocationsThatFail(++failing, () => failed++);
            using OwnedMiner owned = new(SimulatedDriver.NewBackend(new DeferringDriver(device)));
            Agreement.Check(oracle, oracle.Mine(options), owned.Mine(each, options, out _), $"allocation {failing}", options.Margin);
        }
        while (failed > 0);
        Assert.InRange(failing, 10, 100);
    }

    [Fact]
    public void Open_AnyAllocationFails_NothingInUseIsFreed()
    {
        float[,] gallery = SearchOracle.Rows(150, 3, 1);
        int failing = 0, failed;
        do
        {
            failed = 0;
            SimulatedDriver device = new() { Device = SimulatedDriver.Ampere };
            using CudaBackend backend = SimulatedDriver.NewBackend(new DeferringDriver(device));
            device.Fail = AllocationsThatFail(++failing, () => failed++);
            try
            {
                using CudaIndex index = new(backend, gallery);
                Assert.Equal(0, failed);
            }
            catch (CudaException exception)
            {
                Assert.Equal((2, CudaException.OutOfMemory), (failed, exception.Status));
            }

            Assert.Equal(0, device.DeviceBytes);
        }
        while (failed > 0);
        Assert.InRange(failing, 5, 20);
    }

    [Fact]
    public void Mine_MemoryHeldByIdleCalls_IsGivenUpForTheNext()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase small = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 200, 3, seed: 3);
        MiningCase large = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 330, 3, seed: 4);

        // A call within another's consumer: two sessions are left idle.
        int nested = 0;
        owned.Miner.StreamPairs(small.Input, 0.2, new MiningOptions { Threads = 1 }, _ => nested += nested > 0 ? 0 : owned.Mine(small, BatchHard, out MiningStatistics _).Length, TestContext.Current.CancellationToken);
        driver.Capacity = driver.DeviceBytes;

        var oracle = new Oracle(large, DistanceMetric.SquaredEuclidean);
        Agreement.Check(oracle, oracle.Mine(BatchHard), owned.Mine(large, BatchHard, out _), "the next", BatchHard.Margin);
    }

    // What is asked for a second time is exactly what is needed.
    private static Func<string, long, CudaException?> AllocationsThatFail(int number, Action fail)
    {
        int allocations = 0;
        return (name, _) =>
        {
            if (name != "AllocateDevice" || ++allocations < number || allocations > number + 1)
                return null;
            fail();
            return new CudaException("planned", CudaException.OutOfMemory);
        };
    }

    [Fact]
    public void Mine_TwoBackendsOnOneDevice_DoNotDisturbEachOther()
    {
        using CudaBackend first = SimulatedDriver.NewBackend(new SimulatedDriver());
        CudaBackend second = SimulatedDriver.NewBackend(new SimulatedDriver());
        using TripletMiner one = new(first), two = new(second);
        MiningCase each = MiningCase.Square(RowKind.Duplicates, LabelKind.Few, 120, 7, seed: 9);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Triplet[] expected = Mine(one);

        Parallel.For(0, 8, i => Assert.Equal(expected, Mine(i % 2 == 0 ? one : two)));
        second.Dispose();

        Assert.Equal(expected, Mine(one));
        Assert.Throws<ObjectDisposedException>(() => Mine(two));

        Triplet[] Mine(TripletMiner miner)
        {
            Triplet[] triplets = new Triplet[each.N];
            return triplets[..miner.Mine(each.Input, BatchHard, triplets, out _, cancellation)];
        }
    }
}
