using Tercet.Backends.Cuda;
using Tercet.Mining;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>CUDA where it can be used, else the CPU, and the CPU once the device is lost.</summary>
public sealed class AutoBackendTests
{
    private const int IllegalAddress = 700;

    private static readonly MiningOptions BatchHard = new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected };
    private static readonly MiningOptions Counted = new() { Rule = MiningRule.SemiHard };
    private static readonly MiningCase Case = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 300, 6, seed: 1);
    private static readonly Oracle Oracle = new(Case, DistanceMetric.SquaredEuclidean);

    [Fact]
    public void Constructor_NoDriver_TakesTheCpuAndSaysWhy()
    {
        using OwnedMiner owned = new(new AutoBackend(() => throw new CudaException("There is no CUDA driver on this machine.")));
        AutoBackend backend = (AutoBackend)owned.Miner.Backend;

        Assert.Equal("There is no CUDA driver on this machine.", backend.Note);
        Assert.StartsWith("cpu", backend.Name, StringComparison.Ordinal);
        CheckBatchHard(owned);
    }

    [Fact]
    public void Constructor_BuildWithoutCuda_TakesTheCpuAndSaysWhy()
    {
        Assert.SkipWhen(CudaBackend.IsEnabled, "This build has CUDA support.");

        using AutoBackend backend = new();

        Assert.Contains("-p:EnableCuda=true", backend.Note!, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_DeviceThatWorks_TakesIt()
    {
        SimulatedDriver driver = new();
        using (OwnedMiner owned = new(new AutoBackend(() => SimulatedDriver.NewBackend(driver))))
        {
            Assert.Null(((AutoBackend)owned.Miner.Backend).Note);
            Assert.Equal("cuda:0 (host simulation)", owned.Miner.Backend.Name);
            CheckBatchHard(owned);
            Assert.NotEqual(0, driver.Launches);
        }

        Assert.Equal((0, true), (driver.Live, driver.IsDisposed));
    }

    [Theory]
    [InlineData("Launch")]
    [InlineData("Synchronize")]
    [InlineData("CopyToDevice")]
    [InlineData("Enter")]
    public void Mine_DeviceIsLost_TheCallAndLaterOnesAreDoneOnTheCpu(string call)
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(new AutoBackend(() => SimulatedDriver.NewBackend(driver)));
        driver.Fail = (name, _) => name == call ? new CudaException("planned", IllegalAddress) : null;

        CheckBatchHard(owned);
        int launches = driver.Launches;
        Agreement.Check(Oracle, Oracle.Mine(Counted), owned.Mine(Case, Counted, out MiningStatistics statistics), "on the CPU", Counted.Margin);

        Agreement.Check(Oracle, Oracle.Counts(Counted.Margin), statistics.Counts, "on the CPU", Counted.Margin);
        Assert.Equal(launches, driver.Launches);
        Assert.StartsWith("cpu", owned.Miner.Backend.Name, StringComparison.Ordinal);
        Assert.Contains("planned", ((AutoBackend)owned.Miner.Backend).Note!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(3, false)]
    public void Stream_DeviceIsLost_StartsAgainUnlessTripletsHaveLeft(int failingWait, bool startsAgain)
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(new AutoBackend(() => SimulatedDriver.NewBackend(driver, keyBudget: 1)));
        int waits = 0;
        driver.Fail = (name, _) => name == "Wait" && ++waits == failingWait ? new CudaException("planned", IllegalAddress) : null;
        MiningOptions options = new() { Threads = 1 };
        CollectingConsumer consumer = new();
        Action stream = () => owned.Miner.Stream(Case.Input, TripletKind.SemiHard, options, consumer, TestContext.Current.CancellationToken);

        if (startsAgain)
        {
            stream();
        }
        else
        {
            Assert.True(Assert.Throws<CudaException>(stream).IsFatal);
            Assert.NotEmpty(consumer.Triplets);
            consumer.Triplets.Clear();
            stream();
        }

        Assert.Equal(Oracle.Counts(options.Margin).SemiHard, consumer.Triplets.Count);
        Assert.StartsWith("cpu", owned.Miner.Backend.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Mine_AnotherFailure_IsPassedOnAndTheDeviceKept()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(new AutoBackend(() => SimulatedDriver.NewBackend(driver)));
        driver.Fail = (name, _) => name == "Launch" ? new CudaException("planned", 1) : null;

        Assert.Equal(1, Assert.Throws<CudaException>(() => owned.Mine(Case, BatchHard, out _)).Status);

        driver.Fail = null;
        CheckBatchHard(owned);
        Assert.StartsWith("cuda", owned.Miner.Backend.Name, StringComparison.Ordinal);
    }

    private static void CheckBatchHard(OwnedMiner owned) => Agreement.Check(Oracle, Oracle.Mine(BatchHard), owned.Mine(Case, BatchHard, out _), "auto", BatchHard.Margin);
}
