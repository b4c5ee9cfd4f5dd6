using Microsoft.ML.OnnxRuntime;
using Tercet.Forward;
using Tercet.Imaging;
using static Tercet.Tests.Forward.OnnxModelBuilder;

namespace Tercet.Tests.Forward;

/// <summary>Against ONNX Runtime's own PRelu, bit for bit: on both of the forms, and on those nodes that are left as they are.</summary>
public sealed class PReluRewriteTests
{
    private const int Size = 9;
    private const long Opset = 17;

    [Theory]
    [InlineData(16, true)]
    [InlineData(32, true)]
    [InlineData(6, false)]
    public void TryRewrite_EveryForm_GivesTheSameBits(int channels, bool between)
    {
        byte[] model = Model(channels, [channels, 1, 1]);
        Assert.True(PReluRewrite.TryRewrite(model, Opset, out byte[] rewritten));
        List<OnnxNode> nodes = Nodes(rewritten);
        Assert.DoesNotContain(nodes, node => node.Operator == "PRelu");
        Assert.Equal(between ? 2 + (2 * 2) : 2, nodes.Count(node => node.Operator == "Conv") - 1);
        Assert.Equal(between ? 1 : 3, nodes.Count(node => node.Operator == "Min"));

        foreach (float[] input in Inputs())
            AssertSameBits(Run(model, input), Run(rewritten, input));
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(16, 9, 9)]
    public void TryRewrite_SlopeNotOneAChannel_IsLeft(params int[] slope) => Assert.False(PReluRewrite.TryRewrite(Model(16, slope), Opset, out _));

    [Fact]
    public void TryRewrite_LeadingOnesOfASlope_AreNoMatter()
    {
        byte[] model = Model(16, [1, 16, 1, 1]);
        Assert.True(PReluRewrite.TryRewrite(model, Opset, out byte[] rewritten));
        float[] input = Inputs().First();
        AssertSameBits(Run(model, input), Run(rewritten, input));
    }

    [Fact]
    public void TryRewrite_NoImage_IsLeft()
    {
        byte[] model = new OnnxModelBuilder()
            .Input("x", FloatType, 1, 48)
            .Weights("s", TinyModels.Random(3, 16), 16, 1, 1)
            .Shape("shape", 1, 16, 3, 1)
            .Node("Reshape", "x shape", "r")
            .Node("PRelu", "r s", "p")
            .Node("Flatten", "p", "e", ("axis", 1))
            .Output("e", FloatType, 1, 48)
            .Build();
        Assert.False(PReluRewrite.TryRewrite(model, Opset, out _));
    }

    [Fact]
    public void TryRewrite_BeforeBroadcasts_IsLeft() => Assert.False(PReluRewrite.TryRewrite(Model(16, [16, 1, 1]), 7, out _));

    [Fact]
    public void TryRewrite_TwoGraphs_AreLeft()
    {
        byte[] model = Model(16, [16, 1, 1]);
        Assert.False(PReluRewrite.TryRewrite([.. model, .. model], Opset, out _));
    }

    [Fact]
    public void TryRewrite_CutAnywhere_NeverThrows()
    {
        byte[] model = Model(16, [16, 1, 1]);
        int whole = Enumerable.Range(0, model.Length).Count(length => PReluRewrite.TryRewrite(model.AsSpan(0, length), Opset, out _));

        // What stands behind the graph is the version of its operators, a few bytes.
        Assert.InRange(whole, 0, 8);
    }

    [Fact]
    public void Run_Infinities_SpreadAsTheyDoWithoutIt()
    {
        byte[] model = Model(16, [16, 1, 1]);
        Assert.True(PReluRewrite.TryRewrite(model, Opset, out byte[] rewritten));
        float[] input = Inputs().First();
        foreach (float value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            input[40] = value;
            float[] expected = Run(model, input), actual = Run(rewritten, input);
            Assert.Contains(expected, component => !float.IsFinite(component));
            Assert.Equal(expected.Select(float.IsFinite), actual.Select(float.IsFinite));
        }
    }

    [Fact]
    public void Load_SFace_EmbedsFacesToTheBitsOfThePlainModel()
    {
        string path = Path.Combine(Repository.RequireAssets(), "sface.onnx");
        EmbedderOptions options = new() { Device = DeviceChoice.Cpu, MaxBatch = 1, Threads = 1, Preprocessing = Preprocessing.Preset("sface") };
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path, options);
        byte[] plain = GraphEdit.DropInitializerInputs(OnnxFile.Read(path));
        Assert.True(PReluRewrite.TryRewrite(plain, OnnxFile.Read(path).Opset, out byte[] rewritten));
        Assert.DoesNotContain(Nodes(rewritten), node => node.Operator == "PRelu");
        using SessionOptions one = new() { IntraOpNumThreads = 1 };
        using InferenceSession session = new(plain, one);
        ImageDecoder decoder = new();
        ImagePreprocessor preprocessor = embedder.CreatePreprocessor();
        foreach (string face in Directory.GetFiles(Path.Combine(Repository.RequireAssets(), "faces"), "*.jpg", SearchOption.AllDirectories).Order().Take(5))
        {
            using DecodedImage image = decoder.Decode(face);
            preprocessor.Write(image, embedder.InputSlot(0));
            float[] expected = Run(session, embedder.InputSlot(0).ToArray(), [1, 3, 112, 112]);
            AssertSameBits(expected, embedder.Run(1).GetRowSpan(0).ToArray());
        }
    }

    // Two convolutions, each with a PRelu, one of them read by nothing else than a convolution; a third PRelu after a BatchNormalization and an Add.
    private static byte[] Model(int channels, int[] slope)
    {
        int slopes = slope.Aggregate(1, static (product, size) => product * size);
        float[] ones = [.. Enumerable.Repeat(1f, channels)];
        float[] slopeValues = TinyModels.Random(4, slopes);
        (slopeValues[0], slopeValues[^1]) = (slopes > 1 ? 0 : slopeValues[0], 1.5f);
        return new OnnxModelBuilder()
            .Input("x", FloatType, 1, 3, Size, Size)
            .Weights("w1", TinyModels.Random(1, channels * 3 * 9), channels, 3, 3, 3)
            .Weights("w2", TinyModels.Random(2, channels * channels), channels, channels, 1, 1)
            .Weights("w3", TinyModels.Random(3, channels * channels * 9), channels, channels, 3, 3)
            .Weights("s", slopeValues, slope)
            .Weights("scale", TinyModels.Random(5, channels), channels)
            .Weights("shift", TinyModels.Random(6, channels), channels)
            .Weights("ones", ones, channels)
            .Node("Conv", "x w1", "c1")
            .Node("PRelu", "c1 s", "p1")
            .Node("Conv", "p1 w2", "c2")
            .Node("PRelu", "c2 s", "p2")
            .Node("Conv", "p2 w3", "c3")
            .Node("BatchNormalization", "c3 scale shift shift ones", "b3")
            .Node("Add", "b3 c3", "a3")
            .Node("PRelu", "a3 s", "p3")
            .Node("Flatten", "p3", "e", ("axis", 1))
            .Output("e", FloatType, 1, channels * (Size - 4) * (Size - 4))
            .Build();
    }

    private static IEnumerable<float[]> Inputs()
    {
        for (int seed = 10; seed < 14; seed++)
            yield return TinyModels.Random(seed, 3 * Size * Size);
        yield return new float[3 * Size * Size];
    }

    private static List<OnnxNode> Nodes(byte[] model)
    {
        List<OnnxNode> nodes = [];
        ProtoReader reader = new(model);
        while (reader.Read())
        {
            if (reader.Field != 7)
                continue;
            ProtoReader graph = new(reader.Payload);
            while (graph.Read())
            {
                if (graph.Field == 1)
                    nodes.Add(OnnxNode.Read(graph.Payload));
            }
        }

        return nodes;
    }

    private static float[] Run(byte[] model, float[] input)
    {
        using InferenceSession session = new(model);
        return Run(session, input, [1, 3, Size, Size]);
    }

    private static float[] Run(InferenceSession session, float[] input, long[] shape)
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(input, shape);
        using RunOptions run = new();
        using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, [session.InputMetadata.Keys.First()], [value], session.OutputNames);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    // Zeros of both signs are one value.
    private static void AssertSameBits(float[] expected, float[] actual)
    {
        Assert.Contains(expected, component => component != 0);
        Assert.Equal(expected, actual);
    }
}
