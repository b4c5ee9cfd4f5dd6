using Tercet.Backends.Cuda;
using Tercet.Mining;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>What the CUDA backend promises beside its answers: memory, copies, faults, concurrency.</summary>
public sealed class CudaBackendTests
{
    private const int OutOfMemory = CudaException.OutOfMemory;
    private const int IllegalAddress = 700;

    private static readonly MiningOptions BatchHard = new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected };
    private static readonly MiningOptions Counted = new() { Rule = MiningRule.RandomHard, Threads = 2 };
    private static readonly MiningOptions SemiHard = new() { Rule = MiningRule.SemiHard, Threads = 2 };

    [Fact]
    public void Mine_SteadyState_AllocatesNothingOnEitherSide()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 90, 12, seed: 1);
        foreach (MiningOptions options in new[] { BatchHard, Counted with { Threads = 1 }, SemiHard with { Threads = 1 } })
        {
            Triplet[] triplets = new Triplet[miner.Capacity(each.Input, options)];
            CancellationToken cancellation = TestContext.Current.CancellationToken;
            miner.Mine(each.Input, options, triplets, out _, cancellation);
            (long bytes, int live) = (driver.DeviceBytes, driver.Live);

            long allocated = AllocationTests.LeastAllocated(() => miner.Mine(each.Input, options, triplets, out _, cancellation));

            Assert.Equal(0, allocated);
            Assert.Equal((bytes, live), (driver.DeviceBytes, driver.Live));
        }
    }

    [Fact]
    public void Mine_BatchHard_CopiesRowsThereAndAnswersBackOnce()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Large, 150, 10, seed: 1);

        int anchors = miner.Mine(each.Input, BatchHard, new Triplet[150], out _, TestContext.Current.CancellationToken);

        Assert.Equal(150, anchors);
        Assert.Equal(((150 * 10) + 150 + (3 * anchors)) * sizeof(float), driver.BytesToDevice);

        // Row and key of two kinds an anchor, and the moments.
        Assert.Equal((2 * anchors * (sizeof(int) + sizeof(double))) + 40, driver.BytesToHost);
    }

    [Fact]
    public void Mine_BatchHard_HoldsNoMatrixOfDistances()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 1000, 3, seed: 1);

        miner.Mine(each.Input, BatchHard, new Triplet[1000], out _, TestContext.Current.CancellationToken);

        // Candidates are nearly all of it: 256 bytes a kind and anchor, and a quarter to spare.
        Assert.InRange(driver.DeviceBytes, 1, 1000 * 1200);
    }

    [Fact]
    public void Mine_SemiHard_HoldsAndCopiesNoMatrixOfDistances()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 1000, 3, seed: 1);
        Triplet[] triplets = new Triplet[miner.Capacity(each.Input, SemiHard)];

        miner.Mine(each.Input, SemiHard, triplets, out _, TestContext.Current.CancellationToken);

        // A positive pair has a bucket of 276 bytes and 36 bytes of tables, and 24 of them come back; an anchor has two buckets more, and two counts.
        (long pairs, long anchors) = (triplets.Length, each.AnchorLabels.CountBy(label => label).Sum(label => label.Value > 1 ? label.Value : 0));
        Assert.InRange(driver.DeviceBytes, 1, ((pairs * 312) + (anchors * 800)) * 5 / 4);
        Assert.Equal((pairs * 24) + (anchors * ((2 * 12) + 16)) + 40, driver.BytesToHost);
    }

    [Fact]
    public void Mine_SemiHardWithLittleDeviceMemory_TakesSmallerChunks()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Large, 300, 4, seed: 1);
        int allocations = 0;

        // Room for less than half of all candidates: a chunk of one panel is 128 of the 300 anchors.
        long room = owned.Miner.Capacity(each.Input, SemiHard) * 32 * sizeof(ulong) / 2;
        driver.Fail = (name, bytes) => name == "AllocateDevice" && bytes > room && ++allocations > 0 ? new CudaException("planned", OutOfMemory) : null;
        var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);

        Triplet[] triplets = owned.Mine(each, SemiHard, out _);

        Assert.InRange(allocations, 1, int.MaxValue);
        Agreement.Check(oracle, oracle.Mine(SemiHard), triplets, "little memory", SemiHard.Margin);
    }

    [Fact]
    public void Mine_SemiHardWithNoRoomForPairs_TakesFloat32()
    {
        SimulatedDriver driver = new() { Device = SimulatedDriver.Ampere };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 150, 20, seed: 1);
        long pairs = CudaPlan.FragmentBytes(150, 20);
        driver.Fail = (name, bytes) => name == "AllocateDevice" && (bytes == pairs || bytes == pairs * 5 / 4) ? new CudaException("planned", OutOfMemory) : null;
        var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);

        Agreement.Check(oracle, oracle.Mine(SemiHard), owned.Mine(each, SemiHard, out _), "no room", SemiHard.Margin);
        Assert.Contains("semi_hard_squared_euclidean", driver.Launched);

        driver.Fail = null;
        Agreement.Check(oracle, oracle.Mine(SemiHard), owned.Mine(each, SemiHard, out _), "room", SemiHard.Margin);
        Assert.Contains("semi_hard_mma_squared_euclidean", driver.Launched);
    }

    [Fact]
    public void Dispose_AfterCalls_GivesEverythingBack()
    {
        SimulatedDriver driver = new();
        CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using (TripletMiner miner = new(backend))
        {
            MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 40, 5, seed: 1);
            miner.Mine(each.Input, BatchHard, new Triplet[40], out _, TestContext.Current.CancellationToken);
            miner.Mine(each.Input, Counted, new Triplet[miner.Capacity(each.Input, Counted)], out _, TestContext.Current.CancellationToken);
            miner.Mine(each.Input, SemiHard, new Triplet[miner.Capacity(each.Input, SemiHard)], out _, TestContext.Current.CancellationToken);
        }

        backend.Dispose();
        backend.Dispose();

        Assert.Equal(0, driver.Live);
        Assert.True(driver.IsDisposed);
    }

    [Theory]
    [InlineData("AllocateDevice", OutOfMemory)]
    [InlineData("AllocateHost", OutOfMemory)]
    [InlineData("CopyToDevice", 1)]
    [InlineData("Launch", 209)]
    public void Mine_DriverFails_ThrowsAndTheNextCallWorks(string call, int status)
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 40, 5, seed: 1);
        driver.Fail = (name, _) => name == call ? new CudaException("planned", status) : null;

        CudaException exception = Assert.Throws<CudaException>(() => owned.Mine(each, BatchHard, out _));

        Assert.Equal(status, exception.Status);
        Assert.False(exception.IsFatal);
        driver.Fail = null;
        var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);
        Agreement.Check(oracle, oracle.Mine(BatchHard), owned.Mine(each, BatchHard, out _), "after a failure", BatchHard.Margin);
    }

    [Fact]
    public void Mine_KernelFaults_EveryLaterCallSaysSoAndTheCpuGoesOn()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 40, 5, seed: 1);
        driver.Fail = (name, _) => name == "Synchronize" ? new CudaException("planned", IllegalAddress) : null;

        Assert.True(Assert.Throws<CudaException>(() => owned.Mine(each, BatchHard, out _)).IsFatal);
        driver.Fail = null;
        CudaException later = Assert.Throws<CudaException>(() => owned.Mine(each, BatchHard, out _));

        Assert.Contains("lost in an earlier call", later.Message, StringComparison.Ordinal);
        using TripletMiner cpu = new();
        Assert.NotEqual(0, cpu.Mine(each.Input, BatchHard, new Triplet[40], out _, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Mine_LittleDeviceMemory_TakesSmallerChunks()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 300, 4, seed: 1);
        const int OnePanelOfKeys = 128 * 384 * sizeof(float);
        driver.Fail = (name, bytes) => name == "AllocateDevice" && bytes > OnePanelOfKeys ? new CudaException("planned", OutOfMemory) : null;
        var oracle = new Oracle(each, DistanceMetric.SquaredEuclidean);

        owned.Mine(each, Counted, out MiningStatistics statistics);

        Agreement.Check(oracle, oracle.Counts(Counted.Margin), statistics.Counts, "little memory", Counted.Margin);
    }

    [Fact]
    public void Mine_ManyThreadsOnOneBackend_AllGetTheSame()
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver());
        using TripletMiner miner = new(backend);
        MiningCase[] cases = [.. Enumerable.Range(0, 4).Select(i => MiningCase.Square(RowKind.Duplicates, LabelKind.Few, 50 + (40 * i), 7 + i, seed: i))];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Triplet[][] alone = [.. cases.Select(Mine)];

        Parallel.For(0, 16, i => Assert.Equal(alone[i % 4], Mine(cases[i % 4])));

        Triplet[] Mine(MiningCase each)
        {
            Triplet[] triplets = new Triplet[each.N];
            return triplets[..miner.Mine(each.Input, BatchHard, triplets, out _, cancellation)];
        }
    }

    [Fact]
    public void Mine_CancelledToken_Throws()
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver());
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.Normal, LabelKind.Few, 40, 5, seed: 1);

        Assert.ThrowsAny<OperationCanceledException>(() => miner.Mine(each.Input, BatchHard, new Triplet[40], out _, new CancellationToken(canceled: true)));
        Assert.NotEqual(0, miner.Mine(each.Input, BatchHard, new Triplet[40], out _, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Constructor_KernelsAreMissing_ThrowsAndClosesTheDriver()
    {
        SimulatedDriver.SkipUnlessBuilt();
        SimulatedDriver driver = new() { Fail = (name, _) => name == "LoadModule" ? new CudaException("There is no kernel image for this device.", 209) : null };

        Assert.Throws<CudaException>(() => new CudaBackend(driver, []));

        Assert.True(driver.IsDisposed);
    }

    [Fact]
    public void Constructor_BuildWithoutCuda_SaysHowToGetIt()
    {
        Assert.SkipWhen(CudaBackend.IsEnabled, "This build has CUDA support.");

        CudaException exception = Assert.Throws<CudaException>(() => new CudaBackend());

        Assert.Contains("-p:EnableCuda=true", exception.Message, StringComparison.Ordinal);
    }
}
