using Tercet.Forward;
using static Tercet.Tests.Forward.OnnxModelBuilder;

namespace Tercet.Tests.Forward;

public sealed class BadModelTests : IDisposable
{
    private static readonly EmbedderOptions OnCpu = new() { Device = DeviceChoice.Cpu, Threads = 1 };

    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_MissingFile_NamesIt()
    {
        string path = _folder.PathOf("nowhere.onnx");
        ModelFileException failure = Assert.Throws<ModelFileException>(() => OnnxEmbedder.Load(path, OnCpu));
        Assert.StartsWith(path, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NotOnnx_NamesTheFile()
    {
        byte[][] files = [[], "hello, this is a text file\n"u8.ToArray(), [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A], new byte[100], [.. Enumerable.Repeat((byte)0xFF, 64)]];
        foreach (byte[] bytes in files)
        {
            string path = _folder.Save(bytes, "other.onnx");
            ModelFileException failure = Assert.Throws<ModelFileException>(() => OnnxEmbedder.Load(path, OnCpu));
            Assert.StartsWith(path, failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_TruncatedAnywhere_Throws()
    {
        byte[] model = TinyModels.Image(1, 3, 4, 4).Build();
        for (int length = 0; length < model.Length - 6; length += 37)
        {
            string path = _folder.Save(model[..length]);
            ModelFileException failure = Assert.Throws<ModelFileException>(() => OnnxEmbedder.Load(path, OnCpu));
            Assert.StartsWith(path, failure.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Load_FlippedBytes_ThrowsOnlyTercetExceptions()
    {
        byte[] model = TinyModels.Image(1, 3, 4, 4).Build();
        int weights = model.AsSpan().IndexOf(System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(TinyModels.Weights));
        Random random = new(5);
        int refused = 0;
        for (int round = 0; round < 150; round++)
        {
            byte[] broken = [.. model];
            int at = random.Next(model.Length - (TinyModels.Weights.Length * sizeof(float)));
            broken[at < weights ? at : at + (TinyModels.Weights.Length * sizeof(float))] ^= (byte)(1 << random.Next(8));
            try
            {
                OnnxEmbedder.Load(_folder.Save(broken), OnCpu with { MaxBatch = 2 }).Dispose();
            }
            catch (TercetException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 50, 150);
    }

    [Fact]
    public void Load_UnknownOperator_KeepsTheNativeText()
    {
        string path = _folder.Save(new OnnxModelBuilder().Input("x", FloatType, "n", 4).Node("NoSuchOperator", "x", "e").Output("e", FloatType, "n", 4));
        ModelFileException failure = Assert.Throws<ModelFileException>(() => OnnxEmbedder.Load(path, OnCpu));
        Assert.Contains("NoSuchOperator", failure.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> Unsupported => new()
    {
        { "int64 input", "int64" },
        { "float16 output", "float16" },
        { "two inputs", "a float[n, 4]; b float[n, 4]" },
        { "two outputs", "OutputName" },
        { "rank 3 input", "3 dimensions" },
        { "rank 1 output", "[batch, D]" },
        { "output without batch", "[batch, D]" },
        { "features unknown", "length of the vector" },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void Load_UnsupportedModel_NamesWhatIsWrong(string kind, string expected)
    {
        string path = _folder.Save(Make(kind));
        UnsupportedModelException failure = Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu));
        Assert.StartsWith(path, failure.Message, StringComparison.Ordinal);
        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
        Assert.Contains("The model has the inputs", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NamedOutput_PicksIt()
    {
        string path = _folder.Save(Make("two outputs"));
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path, OnCpu with { OutputName = "q" });
        embedder.Input[0] = -2;
        Assert.Equal(2, embedder.Run(1)[0, 0]);
        Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu with { OutputName = "r" }));
        Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu with { OutputName = "q", InputName = "y" }));
    }

    [Fact]
    public void Load_PoolingWithoutTokens_Throws()
    {
        string path = _folder.Save(TinyModels.Vector("n"));
        UnsupportedModelException failure = Assert.Throws<UnsupportedModelException>(() => OnnxEmbedder.Load(path, OnCpu with { Pooling = TokenPooling.Mean }));
        Assert.Contains("tokens", failure.Message, StringComparison.Ordinal);
    }

    private static OnnxModelBuilder Make(string kind) => kind switch
    {
        "int64 input" => new OnnxModelBuilder().Input("x", LongType, "n", 4).Node("Cast", "x", "e", ("to", FloatType)).Output("e", FloatType, "n", 4),
        "float16 output" => new OnnxModelBuilder().Input("x", FloatType, "n", 4).Node("Cast", "x", "e", ("to", HalfType)).Output("e", HalfType, "n", 4),
        "two inputs" => new OnnxModelBuilder().Input("a", FloatType, "n", 4).Input("b", FloatType, "n", 4).Node("Add", "a b", "e").Output("e", FloatType, "n", 4),
        "two outputs" => new OnnxModelBuilder().Input("x", FloatType, "n", 4).Node("Neg", "x", "q").Node("Abs", "x", "p").Output("p", FloatType, "n", 4).Output("q", FloatType, "n", 4),
        "rank 3 input" => new OnnxModelBuilder().Input("x", FloatType, "n", 4, 2).Node("Abs", "x", "e").Output("e", FloatType, "n", 4, 2),
        "rank 1 output" => new OnnxModelBuilder().Input("x", FloatType, "n", 4).Shape("s", -1).Node("Reshape", "x s", "e").Output("e", FloatType, "m"),
        "output without batch" => new OnnxModelBuilder().Input("x", FloatType, "n", 4).Shape("s", 2, -1).Node("Reshape", "x s", "e").Output("e", FloatType, 2, "m"),
        "features unknown" => new OnnxModelBuilder().Input("x", FloatType, "n", "f").Node("Abs", "x", "e").Output("e", FloatType, "n", "f"),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
