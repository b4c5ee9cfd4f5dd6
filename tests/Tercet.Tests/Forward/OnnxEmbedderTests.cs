using System.Security.Cryptography;
using CommunityToolkit.HighPerformance;
using Microsoft.ML.OnnxRuntime;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Memory;
using Tercet.Tests.Memory;
using Tercet.Tests.Mining;

namespace Tercet.Tests.Forward;

public sealed class OnnxEmbedderTests : IDisposable
{
    private static readonly EmbedderOptions OnCpu = new() { Device = DeviceChoice.Cpu, Threads = 1, MaxBatch = 8 };

    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_DynamicBatch_DescribesTheModel()
    {
        byte[] model = TinyModels.Vector("batch").Property("note", "made by hand").Build();
        string path = _folder.Save(model);
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path, OnCpu);

        ModelInfo info = embedder.Info;
        Assert.Equal(path, info.Path);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(model)), info.Sha256);
        Assert.Equal("x float[batch, 48]", info.Input.ToString());
        Assert.Equal("e float[batch, 5]", info.Output.ToString());
        Assert.Equal((BatchMode.Dynamic, 5, 48, 1), (info.BatchMode, info.Dimension, info.InputLength, info.Tokens));
        Assert.Equal(("tercet-tests", "tests.tercet", "tiny", (long?)3, 8L, 17L), (info.Metadata.Producer, info.Metadata.Domain, info.Metadata.GraphName, info.Metadata.Version, info.Metadata.IrVersion, info.Metadata.Opset));
        Assert.Equal("made by hand", info.Metadata.Custom["note"]);
        Assert.Equal((DeviceChoice.Cpu, "CPUExecutionProvider", null), (info.Device, info.Provider, info.DeviceNote));
        Assert.True(info.Placement.IsKnown);
        Assert.Equal(1, Assert.Single(info.Placement.NodesPerProvider).Value);
        Assert.Empty(info.Placement.CpuFallbacks);
        Assert.Null(info.Preprocessing);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(13)]
    [InlineData(1)]
    public void Run_EveryCount_EqualsTheOracle(int maxBatch)
    {
        foreach (OnnxModelBuilder model in new[] { TinyModels.Vector("batch"), TinyModels.Image(1, 3, 4, 4), TinyModels.ConstantReshape(1) })
        {
            using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(model), OnCpu with { MaxBatch = maxBatch });
            for (int count = 0; count <= maxBatch; count++)
                AssertRun(embedder, count);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Run_SeveralStreams_EveryCountEqualsTheOracle(int streams)
    {
        foreach (OnnxModelBuilder model in new[] { TinyModels.Vector("batch"), TinyModels.Image(1, 3, 4, 4), TinyModels.ConstantReshape(1) })
        {
            using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(model), OnCpu with { MaxBatch = 21, Streams = streams });
            for (int count = 0; count <= 21; count++)
                AssertRun(embedder, count);
        }
    }

    [Fact]
    public void Run_InputBoundEachTime_SeesWhatTheInputHoldsThen()
    {
        string path = _folder.Save(TinyModels.Vector("batch"));
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path, OnCpu);
        using InferenceSession session = new(path);
        using PinnedBuffer<float> input = new(8 * TinyModels.Features), output = new(8 * TinyModels.Dimension);
        OutputShape shape = new([TinyModels.Dimension], 1, TinyModels.Dimension);
        using BatchSlots slots = new(session, embedder.Info, shape, input.DangerousGetAddress(), output.DangerousGetAddress(), OrtMemoryInfo.DefaultInstance, 8, new StreamPlan(1, 8), bindsEachRun: true);
        for (int count = 1; count <= 8; count++)
        {
            TinyModels.Random(count, input.Length).CopyTo(input.Span);
            input.Span.CopyTo(embedder.Input);

            slots.Run(count);

            Assert.Equal(embedder.Run(count).ToArray().Cast<float>(), output.Span[..(count * TinyModels.Dimension)].ToArray());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Load_FixedBatch_IsMadeDynamic(int batch)
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Image(batch, 3, 4, 4)), OnCpu);
        Assert.Equal(BatchMode.MadeDynamic, embedder.Info.BatchMode);
        Assert.Equal($"image float[{batch}, 3, 4, 4]", embedder.Info.Input.ToString());
        AssertRun(embedder, 7);
    }

    [Fact]
    public void Load_ConstantReshape_RunsOneByOneAndSaysWhy()
    {
        foreach (object batch in new object[] { 1, "n" })
        {
            using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.ConstantReshape(batch)), OnCpu);
            Assert.Equal(BatchMode.OneByOne, embedder.Info.BatchMode);
            Assert.Contains("Reshape", embedder.Info.BatchNote, StringComparison.Ordinal);
            AssertRun(embedder, 5);
        }
    }

    [Fact]
    public void Load_SamplesInfluenceEachOther_RunsOneByOne()
    {
        foreach (object batch in new object[] { 1, "n" })
        {
            using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.MixesSamples(batch)), OnCpu);
            Assert.Equal(BatchMode.OneByOne, embedder.Info.BatchMode);
            Assert.Contains("alone", embedder.Info.BatchNote, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_FixedBatchOfFourThatCannotChange_Throws()
    {
        string path = _folder.Save(TinyModels.MixesSamples(4));
        UnsupportedModelException failure = Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu));
        Assert.Contains("fixed at 4", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_InitializersListedAsInputs_AreDropped()
    {
        foreach (object batch in new object[] { 1, "n" })
        {
            OnnxModelBuilder model = TinyModels.Vector(batch).Input("w", OnnxModelBuilder.FloatType, TinyModels.Features, TinyModels.Dimension);
            using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(model), OnCpu);
            Assert.Equal(batch is 1 ? BatchMode.MadeDynamic : BatchMode.Dynamic, embedder.Info.BatchMode);
            AssertRun(embedder, 3);
        }
    }

    [Fact]
    public void Load_ExternalWeights_AreFoundBesideTheFile()
    {
        byte[] weights = new byte[TinyModels.Weights.Length * sizeof(float)];
        Buffer.BlockCopy(TinyModels.Weights, 0, weights, 0, weights.Length);
        _folder.Save(weights, "weights.bin");
        OnnxModelBuilder model = new OnnxModelBuilder()
            .Input("x", OnnxModelBuilder.FloatType, 1, TinyModels.Features)
            .ExternalWeights("w", "weights.bin", weights.Length, TinyModels.Features, TinyModels.Dimension)
            .Node("MatMul", "x w", "e")
            .Output("e", OnnxModelBuilder.FloatType, 1, TinyModels.Dimension);
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(model), OnCpu);
        Assert.Equal(BatchMode.MadeDynamic, embedder.Info.BatchMode);
        AssertRun(embedder, 6);
    }

    [Fact]
    public void Run_NhwcImage_TakesTheShapeAsDeclared()
    {
        Preprocessing preprocessing = new() { Width = 4, Height = 4, Layout = TensorLayout.Nhwc };
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Image("n", 4, 4, 3)), OnCpu with { Preprocessing = preprocessing });
        Assert.Equal([4, 4, 3], embedder.Info.SampleShape);
        AssertRun(embedder, 5);
    }

    [Fact]
    public void Load_PreprocessingOfAnotherLayout_Throws()
    {
        Preprocessing preprocessing = new() { Width = 4, Height = 4, Layout = TensorLayout.Nchw };
        string path = _folder.Save(TinyModels.Image("n", 4, 4, 3));
        UnsupportedModelException failure = Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu with { Preprocessing = preprocessing }));
        Assert.Contains("NCHW", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_AnyImageSize_TakesTheSizeOfThePreprocessing()
    {
        string path = _folder.Save(TinyModels.AnySize());
        UnsupportedModelException failure = Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu));
        Assert.Contains("image size", failure.Message, StringComparison.Ordinal);

        using OnnxEmbedder embedder = OnnxEmbedder.Load(path, OnCpu with { Preprocessing = new Preprocessing { Width = 2, Height = 5, Layout = TensorLayout.Nchw } });
        Assert.Equal((30, 3), (embedder.InputLength, embedder.Dimension));
        for (int i = 0; i < 90; i++)
            embedder.Input[i] = i;
        ReadOnlySpan2D<float> means = embedder.Run(3);
        Assert.Equal(4.5f, means[0, 0], 1e-4f);
        Assert.Equal(84.5f, means[2, 2], 1e-4f);
    }

    [Fact]
    public void Load_SidecarFile_GivesThePreprocessingUnlessTheOptionDoes()
    {
        string path = _folder.Save(TinyModels.AnySize().Property("tercet.preset", "sface"));
        _folder.Save("{\"width\": 2, \"height\": 5}"u8.ToArray(), "model.onnx.json");
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path, OnCpu);
        Assert.Equal([3, 5, 2], embedder.Info.SampleShape);
        using OnnxEmbedder told = OnnxEmbedder.Load(path, OnCpu with { Preprocessing = new Preprocessing { Width = 7, Height = 3 } });
        Assert.Equal([3, 3, 7], told.Info.SampleShape);

        Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu with { Preprocessing = new Preprocessing { Width = 0, Height = 3 } }));
        _folder.Save("{"u8.ToArray(), "model.onnx.json");
        TercetException failure = Assert.Throws<TercetException>(() => OnnxEmbedder.Load(path, OnCpu));
        Assert.Contains("model.onnx.json", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_PresetInTheMetadata_GivesThePreprocessing()
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.AnySize().Property("tercet.preset", "sface")), OnCpu);
        Assert.Equal(3 * 112 * 112, embedder.InputLength);
        Assert.Equal((112, 112), (embedder.Info.Preprocessing!.Width, embedder.Info.Preprocessing.Height));

        string unknown = _folder.Save(TinyModels.AnySize().Property("tercet.preset", "no-such-preset"), "unknown.onnx");
        TercetException failure = Assert.Throws<TercetException>(() => OnnxEmbedder.Load(unknown, OnCpu));
        Assert.StartsWith(unknown, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TokenPooling.Mean)]
    [InlineData(TokenPooling.First)]
    public void Run_Tokens_PoolsThem(TokenPooling pooling)
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Tokens("n")), OnCpu with { Pooling = pooling });
        Assert.Equal((8, 6), (embedder.Dimension, embedder.Info.Tokens));
        float[] samples = TinyModels.Random(3, 7 * 48);
        samples.CopyTo(embedder.Input);
        ReadOnlySpan2D<float> embeddings = embedder.Run(7);
        for (int sample = 0; sample < 7; sample++)
        {
            for (int j = 0; j < 8; j++)
            {
                double mean = Enumerable.Range(0, 6).Average(token => (double)samples[(sample * 48) + (token * 8) + j]);
                Assert.Equal(pooling == TokenPooling.Mean ? mean : samples[(sample * 48) + j], embeddings[sample, j], 1e-6);
            }
        }
    }

    [Fact]
    public void Load_TokensWithoutPooling_SaysWhatToSet()
    {
        string path = _folder.Save(TinyModels.Tokens("n"));
        UnsupportedModelException failure = Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu));
        Assert.Contains("Pooling", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Embed_MoreThanOneBatch_EqualsTheOracle()
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Vector("n")), OnCpu);
        float[] samples = TinyModels.Random(11, 29 * TinyModels.Features);
        float[,] embeddings = new float[29, TinyModels.Dimension];
        embedder.Embed(samples, 29, embeddings);
        for (int sample = 0; sample < 29; sample++)
            AssertRow(samples.AsSpan(sample * TinyModels.Features, TinyModels.Features), embeddings.AsSpan2D().GetRowSpan(sample));
        embedder.Embed([], 0, default);
    }

    [Fact]
    public void Embed_WrongShapes_Throws()
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Vector("n")), OnCpu);
        Assert.Throws<ArgumentException>("samples", () => embedder.Embed(new float[95], 2, new float[2, 5]));
        Assert.Throws<ArgumentException>("embeddings", () => embedder.Embed(new float[96], 2, new float[2, 4]));
        Assert.Throws<ArgumentException>("embeddings", () => embedder.Embed(new float[96], 2, new float[3, 5]));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => embedder.Embed([], -1, default));
        Assert.Throws<ArgumentOutOfRangeException>("count", () => embedder.Run(9).Length);
        Assert.Throws<ArgumentOutOfRangeException>("count", () => embedder.Run(-1).Length);
        Assert.Throws<ArgumentOutOfRangeException>("index", () => embedder.InputSlot(8).Length);
    }

    [Fact]
    public void Run_SteadyState_AllocatesNothing()
    {
        foreach ((OnnxModelBuilder model, TokenPooling pooling) in new[] { (TinyModels.Image(1, 3, 4, 4), TokenPooling.None), (TinyModels.ConstantReshape(1), TokenPooling.None), (TinyModels.Tokens("n"), TokenPooling.Mean) })
        {
            using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(model), OnCpu with { MaxBatch = 13, Pooling = pooling });
            float[] samples = TinyModels.Random(1, 27 * 48);
            float[,] embeddings = new float[27, embedder.Dimension];
            double sum = RunAll(embedder, samples, embeddings, 2);

            GC.Collect();
            long before = GC.GetAllocatedBytesForCurrentThread();
            sum += RunAll(embedder, samples, embeddings, 20);
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.Equal(0, allocated);
            Assert.NotEqual(0, sum);
        }
    }

    [Fact]
    public void Run_SeveralStreamsSteadyState_AllocatesNothing()
    {
        using OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Image(1, 3, 4, 4)), OnCpu with { MaxBatch = 13, Streams = 3 });
        float[] samples = TinyModels.Random(1, 27 * 48);
        float[,] embeddings = new float[27, embedder.Dimension];

        Assert.Equal(0, AllocationTests.LeastAllocated(() => RunAll(embedder, samples, embeddings, 20)));
    }

    [Fact]
    public void CreateSibling_RunAtOnceAndOutliveTheFirst_GiveTheirOwnResults()
    {
        OnnxEmbedder first = OnnxEmbedder.Load(_folder.Save(TinyModels.Vector("n")), OnCpu);
        OnnxEmbedder[] siblings = [.. Enumerable.Range(0, 3).Select(_ => first.CreateSibling())];
        AssertRun(first, 8);
        first.Dispose();
        Parallel.ForEach(siblings, sibling =>
        {
            for (int round = 0; round < 50; round++)
                AssertRun(sibling, 1 + (round % 8));
            sibling.Dispose();
        });
        Assert.Throws<ObjectDisposedException>(() => siblings[0].CreateSibling());
    }

    [Fact]
    public void EveryAccess_AfterDispose_ThrowsAndTheMemoryIsFreed()
    {
        CountingAllocator allocator = new();
        OnnxEmbedder embedder = OnnxEmbedder.Load(_folder.Save(TinyModels.Tokens("n")), OnCpu with { Allocator = allocator, Pooling = TokenPooling.First });
        Assert.Equal(3, allocator.Live);
        embedder.Dispose();
        embedder.Dispose();

        Assert.Equal((0, 0), (allocator.Live, allocator.BadFrees));
        Assert.Throws<ObjectDisposedException>(() => embedder.Run(1).Length);
        Assert.Throws<ObjectDisposedException>(() => embedder.Run(0).Length);
        Assert.Throws<ObjectDisposedException>(() => embedder.Input.Length);
        Assert.Throws<ObjectDisposedException>(() => embedder.InputSlot(0).Length);
        Assert.Throws<ObjectDisposedException>(() => embedder.Embed([], 0, default));
        Assert.Throws<ObjectDisposedException>(embedder.CreateSibling);
    }

    [Fact]
    public void Load_OptionsOutOfRange_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>("MaxBatch", () => OnnxEmbedder.Load("m.onnx", OnCpu with { MaxBatch = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>("MaxBatch", () => OnnxEmbedder.Load("m.onnx", OnCpu with { MaxBatch = 4097 }));
        Assert.Throws<ArgumentOutOfRangeException>("Streams", () => OnnxEmbedder.Load("m.onnx", OnCpu with { Streams = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>("Threads", () => OnnxEmbedder.Load("m.onnx", OnCpu with { Threads = -1 }));
        Assert.Throws<ArgumentException>("modelPath", () => OnnxEmbedder.Load(" "));
    }

    private static double RunAll(OnnxEmbedder embedder, float[] samples, float[,] embeddings, int rounds)
    {
        double sum = 0;
        for (int round = 0; round < rounds; round++)
        {
            for (int count = 1; count <= embedder.MaxBatch; count++)
            {
                samples.AsSpan(0, count * embedder.InputLength).CopyTo(embedder.Input);
                sum += embedder.Run(count)[count - 1, 0];
            }

            embedder.Embed(samples, 27, embeddings);
            sum += embeddings[26, 1];
        }

        return sum;
    }

    private static void AssertRun(OnnxEmbedder embedder, int count)
    {
        float[] samples = TinyModels.Random(100 + count, count * TinyModels.Features);
        for (int sample = 0; sample < count; sample++)
            samples.AsSpan(sample * TinyModels.Features, TinyModels.Features).CopyTo(embedder.InputSlot(sample));
        ReadOnlySpan2D<float> embeddings = embedder.Run(count);
        Assert.Equal(count, embeddings.Height);
        for (int sample = 0; sample < count; sample++)
            AssertRow(samples.AsSpan(sample * TinyModels.Features, TinyModels.Features), embeddings.GetRowSpan(sample));
    }

    private static void AssertRow(ReadOnlySpan<float> sample, ReadOnlySpan<float> embedding)
    {
        double[] expected = TinyModels.Expected(sample);
        Assert.Equal(expected.Length, embedding.Length);
        for (int j = 0; j < expected.Length; j++)
            Assert.Equal(expected[j], embedding[j], 1e-5);
    }
}
