using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>Copies that overlap the mining of the batch before, over streams that do nothing before they must.</summary>
public sealed class CudaInputTests
{
    private const int Rows = 60;
    private const int Columns = 7;

    // More rows than a graph is made of.
    private const int ManyRows = 2100;

    private static readonly MiningOptions BatchHard = new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected };

    [Theory]
    [InlineData(Rows)]
    [InlineData(ManyRows)]
    public void Send_NextBatchBeforeThisOneIsMined_TravelsOnAnotherStreamAndNobodyWaitsForIt(int rows)
    {
        DeferringDriver driver = new(new SimulatedDriver());
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend), cpu = new();
        using CudaInput input = new(backend, rows, 3);
        MiningCase[] batches = [.. Enumerable.Range(0, 4).Select(seed => MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, rows, 3, seed))];
        DeviceMatrix current = Send(input, batches[0]);
        for (int i = 0; i < batches.Length; i++)
        {
            DeviceMatrix next = i + 1 < batches.Length ? Send(input, batches[i + 1]) : default;
            int start = driver.Trace.Count;
            Triplet[] triplets = new Triplet[rows], expected = new Triplet[rows];

            int selected = miner.Mine(MiningInput.Batch(current, batches[i].AnchorLabels), BatchHard, triplets, out _, TestContext.Current.CancellationToken);

            Assert.Equal(expected[..cpu.Mine(batches[i].Input, BatchHard, expected, out _, TestContext.Current.CancellationToken)], triplets[..selected]);
            List<string> mining = driver.Trace[start..];

            // This batch's copy is done before the first kernel, though nobody waited for its stream; the next one's was asked for, and is still not needed.
            Assert.InRange(mining.IndexOf("done copy 0"), 0, mining.FindIndex(each => each.StartsWith("done prepare_", StringComparison.Ordinal)) - 1);
            Assert.Single(mining, each => each == "done copy 0");
            Assert.Contains("follow 1", mining);
            current = next;
        }

        Assert.Equal(4, driver.Trace.Count(each => each == "copy 0"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mine_BatchUnderWayThatIsNeededOnTheHost_IsWaitedFor(bool onCpu)
    {
        DeferringDriver driver = new(new SimulatedDriver());
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner cpu = new();
        using TripletMiner miner = onCpu ? new() : new(backend);
        using CudaInput input = new(backend, Rows, Columns);
        MiningOptions options = BatchHard with { Normalize = !onCpu };
        Triplet[] triplets = new Triplet[Rows], expected = new Triplet[Rows];
        foreach (int seed in (int[])[1, 2, 3])
        {
            MiningCase batch = MiningCase.Square(RowKind.Normal, LabelKind.Few, Rows, Columns, seed);

            int selected = miner.Mine(MiningInput.Batch(Send(input, batch), batch.AnchorLabels), options, triplets, out _, TestContext.Current.CancellationToken);

            Assert.Equal(expected[..cpu.Mine(batch.Input, options, expected, out _, TestContext.Current.CancellationToken)], triplets[..selected]);
        }
    }

    [Fact]
    public void Next_BatchThatHasNotLeft_IsWaitedForAndNoOther()
    {
        DeferringDriver driver = new(new SimulatedDriver());
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using CudaInput input = new(backend, Rows, Columns);
        MiningCase batch = MiningCase.Square(RowKind.Normal, LabelKind.Few, Rows, Columns, seed: 1);
        Send(input, batch);
        Assert.DoesNotContain("host waits", driver.Trace);
        Send(input, batch);
        Assert.DoesNotContain("host waits", driver.Trace);

        _ = input.Next;

        Assert.Equal(["copy 0", "mark 0", "copy 0", "mark 0", "host waits", "done copy 0", "done mark 0"], driver.Trace);
    }

    [Fact]
    public void Send_SteadyState_AllocatesNothing()
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver());
        using CudaInput input = new(backend, Rows, Columns);
        using TripletMiner miner = new(backend);
        long[] labels = [.. Enumerable.Range(0, Rows).Select(row => (long)row % 5)];
        Triplet[] triplets = new Triplet[Rows];
        CancellationToken cancellation = TestContext.Current.CancellationToken;

        Assert.Equal(0, AllocationTests.LeastAllocated(() =>
        {
            input.Next.Fill(1);
            miner.Mine(MiningInput.Batch(input.Send(Rows), labels), BatchHard, triplets, out _, cancellation);
        }));
    }

    [Fact]
    public void Mine_SmallBatchesOfTwoPlacesInTurn_AreGraphsFromTheThirdOn()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using CudaInput input = new(backend, Rows, Columns);
        using TripletMiner miner = new(backend), cpu = new();
        Triplet[] triplets = new Triplet[Rows], expected = new Triplet[Rows];
        long[] labels = [.. Enumerable.Range(0, Rows).Select(row => (long)row % 5)];
        for (int seed = 0; seed < 6; seed++)
        {
            float[,] rows = MiningCase.Square(RowKind.Normal, LabelKind.Few, Rows, Columns, seed).Anchors;
            rows.AsSpan2D().CopyTo(input.Next);

            int selected = miner.Mine(MiningInput.Batch(input.Send(Rows), labels), BatchHard, triplets, out _, TestContext.Current.CancellationToken);

            Assert.Equal(expected[..cpu.Mine(MiningInput.Batch(rows, labels), BatchHard, expected, out _, TestContext.Current.CancellationToken)], triplets[..selected]);
            Assert.Equal(Math.Max(0, seed - 1), driver.GraphLaunches);
        }

        Assert.Equal(2, driver.LiveGraphs);
    }

    [Fact]
    public void Dispose_AfterSending_GivesEverythingBack()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        int live = driver.Live;
        CudaInput input = new(backend, Rows, Columns);
        input.Send(3);
        input.Dispose();
        input.Dispose();

        Assert.Equal((live, 0), (driver.Live, driver.DeviceBytes));
        Assert.Throws<ObjectDisposedException>(() => input.Send(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CudaInput(backend, 0, 1));
        driver.Fail = (name, _) => name == "AllocateDevice" ? new CudaException("planned", CudaException.OutOfMemory) : null;
        Assert.Throws<CudaException>(() => new CudaInput(backend, Rows, Columns));
        Assert.Equal(live, driver.Live);
    }

    [Fact]
    public unsafe void Copy_RowsOfSeveralPieces_TravelWhileTheHostFillsTheNext()
    {
        DeferringDriver driver = new(new SimulatedDriver());
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using Staging staging = new(driver, backend.PageLocked, largestPiece: 2 * Columns * sizeof(float));
        using DeviceBuffer target = new(driver);
        using PinnedBuffer<float> back = new(9 * Columns, backend.PageLocked);
        float[,] rows = new float[9, Columns + 1];
        for (int i = 0; i < rows.Length; i++)
            rows[i / (Columns + 1), i % (Columns + 1)] = i;
        nint stream = driver.CreateStream();

        fixed (float* first = rows)
        {
            ReadOnlySpan2D<float> source = rows.AsSpan2D(0, 0, 9, Columns);
            staging.Copy(HostRows.Of(source, first, RowFormat.Binary32), target.Grow(9 * Columns * sizeof(float)), stream);
        }

        string[] laterPiece = ["host waits", "done copy 0", "done mark 0", "copy 0"];
        Assert.Equal(["copy 0", "mark 0", "copy 0", "mark 0", .. laterPiece, "mark 0", .. laterPiece, .. laterPiece], driver.Trace);
        driver.CopyToHost(back.DangerousGetAddress(), target.Address, 9 * Columns * sizeof(float), stream);
        driver.Synchronize(stream);
        Assert.Equal(rows.AsSpan2D(0, 0, 9, Columns).ToArray().Cast<float>(), back.Span.ToArray());
        driver.DestroyStream(stream);
    }

    private static DeviceMatrix Send(CudaInput input, MiningCase batch)
    {
        batch.Anchors.AsSpan2D().CopyTo(input.Next[..batch.N, ..]);
        return input.Send(batch.N);
    }
}
