using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda;
using Tercet.Forward;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Tests.Forward;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Cuda;

/// <summary>What travels between host and device, and how often the host waits.</summary>
public sealed class CudaCopiesTests : IDisposable
{
    private const int Count = 40;
    private const int Dimension = TinyModels.Dimension;
    private const int MomentBytes = 40;

    private static readonly MiningOptions BatchHard = new() { Rule = MiningRule.BatchHard, Statistics = StatisticsLevel.Selected };
    private static readonly long[] Labels = [.. Enumerable.Range(0, Count).Select(row => (long)row % 6)];

    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mine_OutputOnTheDevice_IsReadThereAndOnlyOrderAndAnswersTravel()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n"));
        TinyModels.Random(3, Count * TinyModels.Features).CopyTo(embedder.Input);
        CudaCopies before = backend.Copies;

        ReadOnlySpan2D<float> embeddings = embedder.Run(Count, out DeviceMatrix resident);
        CudaCopies embedding = backend.Copies - before;
        Triplet[] triplets = new Triplet[Count];
        int anchors = miner.Mine(MiningInput.Batch(embeddings, Labels, resident), BatchHard, triplets, out _, TestContext.Current.CancellationToken);
        CudaCopies mining = backend.Copies - before - embedding;

        Assert.Equal(new CudaCopies(0, 0, 1, Count * Dimension * sizeof(float)), embedding);
        Assert.Equal(new CudaCopies(2, (Count + (3 * anchors)) * sizeof(float), 2, AnswerBytes(anchors)), mining);
        Assert.Equal(backend.Copies, new CudaCopies(driver.CopiesToDevice, driver.BytesToDevice, driver.CopiesToHost, driver.BytesToHost));
        Assert.Equal(Count, anchors);
        Assert.Equal(OnCpu(embeddings.ToArray()), triplets);
    }

    [Theory]
    [InlineData(MiningRule.BatchHard, DistanceMetric.SquaredEuclidean)]
    [InlineData(MiningRule.EasyPositive, DistanceMetric.Cosine)]
    public void Mine_EmbeddingsLeftOnTheDevice_OnlyAnswersAndMomentsComeBack(MiningRule rule, DistanceMetric metric)
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n"));
        MiningOptions options = BatchHard with { Rule = rule, Metric = metric };
        TinyModels.Random(3, Count * TinyModels.Features).CopyTo(embedder.Input);
        CudaCopies before = backend.Copies;

        DeviceMatrix embeddings = embedder.RunOnDevice(Count);
        Triplet[] triplets = new Triplet[Count];
        int anchors = miner.Mine(MiningInput.Batch(embeddings, Labels), options, triplets, out MiningStatistics statistics, TestContext.Current.CancellationToken);

        Assert.Equal(new CudaCopies(2, (Count + (3 * anchors)) * sizeof(float), 2, AnswerBytes(anchors)), backend.Copies - before);
        CheckAgainstCpu(embedder.Run(Count).ToArray(), options, triplets[..anchors], statistics);
    }

    [Fact]
    public void Mine_SemiHardOfEmbeddingsLeftOnTheDevice_NoRowComesBack()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n"));
        MiningOptions options = new() { Rule = MiningRule.SemiHard };
        TinyModels.Random(6, Count * TinyModels.Features).CopyTo(embedder.Input);
        MiningInput input = MiningInput.Batch(embedder.RunOnDevice(Count), Labels);
        Triplet[] triplets = new Triplet[miner.Capacity(input, options)];
        long before = backend.Copies.BytesToHost;

        int selected = miner.Mine(input, options, triplets, out MiningStatistics statistics, TestContext.Current.CancellationToken);

        long pairs = triplets.Length;
        Assert.Equal((pairs * 24) + (Count * ((2 * 12) + 16)) + MomentBytes, backend.Copies.BytesToHost - before);
        CheckAgainstCpu(embedder.Run(Count).ToArray(), options, triplets[..selected], statistics);
    }

    [Theory]
    [InlineData(MiningRule.HardNegative, false)]
    [InlineData(MiningRule.RandomHard, false)]
    [InlineData(MiningRule.BatchHard, true)]
    public void Mine_RuleThatNeedsTheRowsOnTheHost_BringsThemOnce(MiningRule rule, bool normalize)
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver());
        using TripletMiner miner = new(backend);
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n"));
        MiningOptions options = BatchHard with { Rule = rule, Normalize = normalize };
        TinyModels.Random(7, Count * TinyModels.Features).CopyTo(embedder.Input);
        MiningInput input = MiningInput.Batch(embedder.RunOnDevice(Count), Labels);
        Triplet[] triplets = new Triplet[miner.Capacity(input, options)];
        for (int again = 0; again < 2; again++)
        {
            long before = backend.Copies.BytesToHost;
            int selected = miner.Mine(input, options, triplets, out MiningStatistics statistics, TestContext.Current.CancellationToken);

            Assert.InRange(backend.Copies.BytesToHost - before, Count * Dimension * sizeof(float), long.MaxValue);
            CheckAgainstCpu(embedder.Run(Count).ToArray(), options, triplets[..selected], statistics);
        }
    }

    [Fact]
    public void Mine_EmbeddingsOfAnotherDevice_AreMinedOnTheCpuAllTheSame()
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver()), another = SimulatedDriver.NewBackend(new SimulatedDriver());
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n"));
        TinyModels.Random(8, Count * TinyModels.Features).CopyTo(embedder.Input);
        DeviceMatrix embeddings = embedder.RunOnDevice(Count);
        using TripletMiner cpu = new(), miner = new(another);
        foreach (TripletMiner each in new[] { cpu, miner })
        {
            Triplet[] triplets = new Triplet[Count];
            int selected = each.Mine(MiningInput.Batch(embeddings, Labels), BatchHard, triplets, out MiningStatistics statistics, TestContext.Current.CancellationToken);
            CheckAgainstCpu(embedder.Run(Count).ToArray(), BatchHard, triplets[..selected], statistics);
        }
    }

    [Fact]
    public void RunOnDevice_ModelWithoutDeviceMemory_SaysWhy()
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Vector("n")), new EmbedderOptions { Device = DeviceChoice.Cpu, Threads = 1, MaxBatch = 4 });

        Assert.False(embedder.IsOnDevice);
        Assert.Contains("do not lie on a device", Assert.Throws<InvalidOperationException>(() => embedder.RunOnDevice(1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public unsafe void Mine_RowsInPageLockedMemory_TravelOnceFromWhereTheyLie()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n"));
        TinyModels.Random(4, Count * TinyModels.Features).CopyTo(embedder.Input);
        ReadOnlySpan2D<float> embeddings = embedder.Run(Count);
        CudaCopies before = backend.Copies;

        Triplet[] triplets = new Triplet[Count];
        int anchors = miner.Mine(embeddings, Labels, BatchHard, triplets, out _, TestContext.Current.CancellationToken);

        CudaCopies mining = backend.Copies - before;
        Assert.Equal((3, ((Count * Dimension) + Count + (3 * anchors)) * sizeof(float)), (mining.ToDevice, mining.BytesToDevice));
        Assert.Equal(OnCpu(embeddings.ToArray()), triplets);
        fixed (float* first = &embeddings.DangerousGetReference())
            Assert.Contains((nint)first, driver.CopiedFrom);
    }

    [Fact]
    public void Mine_NormalizedOrAnotherBackendsRows_AreCopiedFromTheHost()
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver());
        using CudaBackend another = SimulatedDriver.NewBackend(new SimulatedDriver());
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n"));
        TinyModels.Random(5, Count * TinyModels.Features).CopyTo(embedder.Input);
        ReadOnlySpan2D<float> embeddings = embedder.Run(Count, out DeviceMatrix resident);

        foreach ((CudaBackend each, MiningOptions options) in new[] { (backend, BatchHard with { Normalize = true }), (another, BatchHard) })
        {
            using TripletMiner miner = new(each);
            using TripletMiner cpu = new();
            Triplet[] triplets = new Triplet[Count], expected = new Triplet[Count];
            CudaCopies before = each.Copies;
            miner.Mine(MiningInput.Batch(embeddings, Labels, resident), options, triplets, out _, TestContext.Current.CancellationToken);
            cpu.Mine(embeddings, Labels, options, expected, out _, TestContext.Current.CancellationToken);

            Assert.InRange((each.Copies - before).BytesToDevice, Count * Dimension * sizeof(float), long.MaxValue);
            Assert.Equal(expected, triplets);
        }
    }

    [Fact]
    public void Mine_ResidentRowsOfAnotherShape_Throws()
    {
        using CudaBackend backend = SimulatedDriver.NewBackend(new SimulatedDriver());
        using TripletMiner miner = new(backend);
        DeviceMatrix wrong = new(backend.Memory, 256, Count, Dimension + 1);

        ArgumentException exception = Assert.Throws<ArgumentException>(() => miner.Mine(MiningInput.Batch(new float[Count, Dimension], Labels, wrong), BatchHard, new Triplet[Count], out _, TestContext.Current.CancellationToken));

        Assert.Contains($"[{Count}, {Dimension + 1}]", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_PooledTokens_AreNotOnTheDeviceButPageLocked()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.Mean, TinyModels.Tokens("n"));

        embedder.Run(3, out DeviceMatrix resident);

        Assert.True(resident.IsEmpty);
        Assert.Equal(0, driver.DeviceBytes);
        Assert.Equal(3, driver.Live - 1);
    }

    [Fact]
    public void Dispose_EmbedderOverDeviceMemory_GivesItBack()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        int live = driver.Live;
        using (OnnxEmbedder embedder = Load(backend.Memory, TokenPooling.None, TinyModels.Vector("n")))
        {
            using OnnxEmbedder sibling = embedder.CreateSibling();
            Assert.Equal(2L * Count * Dimension * sizeof(float), driver.DeviceBytes);
        }

        Assert.Equal((0, live), (driver.DeviceBytes, driver.Live));
    }

    [Fact]
    public void Mine_SmallBatchAgain_IsOneGraphThatTheHostWaitsForOnce()
    {
        SimulatedDriver driver = new();
        using CudaBackend backend = SimulatedDriver.NewBackend(driver);
        using TripletMiner miner = new(backend);
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 200, 12, seed: 1);
        Triplet[] triplets = new Triplet[each.N];
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        int selected = miner.Mine(each.Input, BatchHard, triplets, out _, cancellation);
        miner.Mine(each.Input, BatchHard, triplets, out _, cancellation);
        Triplet[] expected = triplets[..selected];
        (int launches, int graphs, int waits, int live) = (driver.Launches, driver.GraphLaunches, driver.Waits, driver.Live);
        CudaCopies copies = backend.Copies;

        triplets.AsSpan().Clear();
        long allocated = AllocationTests.LeastAllocated(() => miner.Mine(each.Input, BatchHard, triplets, out _, cancellation));

        Assert.Equal((0, live), (allocated, driver.Live));
        Assert.Equal(expected, triplets[..selected]);
        int calls = driver.GraphLaunches - graphs;
        Assert.InRange(calls, 1, int.MaxValue);
        Assert.Equal(7 * calls, driver.Launches - launches);
        CudaCopies more = backend.Copies - copies;
        Assert.Equal((3 * calls, 2 * calls), (more.ToDevice, more.ToHost));
        Assert.Equal((driver.BytesToDevice, driver.BytesToHost), (backend.Copies.BytesToDevice, backend.Copies.BytesToHost));

        // Those but the first are at an empty stream: before the moments are taken, and before the call returns, when nothing of the caller's is in use any more.
        Assert.Equal(3 * calls, driver.Waits - waits);
    }

    [Fact]
    public void Mine_SmallBatchesThatChange_AreEachMinedAsTheyAre()
    {
        SimulatedDriver driver = new();
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase[] cases = [.. Enumerable.Range(0, 4).Select(seed => MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, seed == 3 ? 41 : 40, 5, seed))];
        foreach (int index in (int[])[0, 1, 2, 0, 3, 3, 3, 1, 0, 0])
        {
            var oracle = new Oracle(cases[index], DistanceMetric.SquaredEuclidean);
            Agreement.Check(oracle, oracle.Mine(BatchHard), owned.Mine(cases[index], BatchHard, out _), $"{cases[index]}", BatchHard.Margin);
            MiningOptions cosine = BatchHard with { Metric = DistanceMetric.Cosine };
            oracle = new Oracle(cases[index], DistanceMetric.Cosine);
            if (index == 3)
                Agreement.Check(oracle, oracle.Mine(cosine), owned.Mine(cases[index], cosine, out _), $"{cases[index]}, cosine", cosine.Margin);
        }

        Assert.InRange(driver.GraphLaunches, 1, 8);
        Assert.Equal(1, driver.LiveGraphs);
        owned.Dispose();
        Assert.Equal((0, 0), (driver.LiveGraphs, driver.Live));
    }

    [Theory]
    [InlineData("BeginCapture")]
    [InlineData("LaunchGraph")]
    public void Mine_GraphsThatFail_AreDoneWithoutOrReported(string call)
    {
        SimulatedDriver driver = new() { Fail = (name, _) => name == call ? new CudaException("planned", 801) : null };
        using OwnedMiner owned = new(SimulatedDriver.NewBackend(driver));
        MiningCase each = MiningCase.Square(RowKind.UnitSphere, LabelKind.Few, 40, 5, seed: 1);
        Triplet[] expected = owned.Mine(each, BatchHard, out _);

        for (int again = 0; again < 3; again++)
        {
            if (call == "BeginCapture" || again == 1)
                Assert.Equal(expected, owned.Mine(each, BatchHard, out _));
            else
                Assert.Throws<CudaException>(() => owned.Mine(each, BatchHard, out _));
        }

        Assert.Equal(0, driver.GraphLaunches);
    }

    [Fact]
    public void ParameterBytes_EveryKernelOfTheFusedPass_AreTheKernelsOwn()
    {
        SimulatedDriver.SkipUnlessBuilt();
        foreach (SimulatedDriver driver in (SimulatedDriver[])[new(), new() { Device = SimulatedDriver.Ampere }, new() { Device = SimulatedDriver.Hopper }])
        {
            IReadOnlyDictionary<nint, int> bytes = CudaKernels.ParameterBytes(CudaKernels.Find(driver, 1, forced: null));
            Assert.Equal(driver.Device.ComputeMajor == 9 ? 26 : 24, bytes.Count);
            foreach ((nint function, int size) in bytes)
                Assert.Equal(SimulatedDriver.ParameterBytes(driver.NameOf(function)), size);
        }
    }

    // Row and key of two kinds an anchor, and the moments.
    private static long AnswerBytes(int anchors) => (2L * anchors * (sizeof(int) + sizeof(double))) + MomentBytes;

    private static void CheckAgainstCpu(float[,] embeddings, MiningOptions options, Triplet[] triplets, MiningStatistics statistics)
    {
        using TripletMiner cpu = new();
        Triplet[] expected = new Triplet[cpu.Capacity(MiningInput.Batch(embeddings, Labels), options)];
        int selected = cpu.Mine(embeddings, Labels, options, expected, out MiningStatistics onCpu, TestContext.Current.CancellationToken);
        Assert.Equal(expected[..selected], triplets);
        Assert.Equal(onCpu.MeanEmbeddingNorm, statistics.MeanEmbeddingNorm, 1e-9);
        Assert.Equal(onCpu.RootMeanSquareNorm, statistics.RootMeanSquareNorm, 1e-9);
        Assert.Equal(onCpu.MeanPairwiseDistance, statistics.MeanPairwiseDistance, 1e-9);
        Assert.Equal(onCpu.Spread, statistics.Spread, 1e-9);
        Assert.Equal(
            onCpu with { MeanEmbeddingNorm = 0, RootMeanSquareNorm = 0, MeanPairwiseDistance = 0, Spread = 0 },
            statistics with { MeanEmbeddingNorm = 0, RootMeanSquareNorm = 0, MeanPairwiseDistance = 0, Spread = 0 });
    }

    private static Triplet[] OnCpu(float[,] embeddings)
    {
        using TripletMiner cpu = new();
        Triplet[] triplets = new Triplet[Count];
        return triplets[..cpu.Mine(embeddings, Labels, BatchHard, triplets, out _, TestContext.Current.CancellationToken)];
    }

    private OnnxEmbedder Load(IDeviceMemory memory, TokenPooling pooling, OnnxModelBuilder model) =>
        OnnxEmbedder.Load(_folder.Save(model), new EmbedderOptions { Device = DeviceChoice.Cpu, Threads = 1, MaxBatch = Count, Pooling = pooling, DeviceMemory = memory });
}
