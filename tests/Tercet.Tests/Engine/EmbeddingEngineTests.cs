using CommunityToolkit.HighPerformance;
using SkiaSharp;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Mining;
using Tercet.Tests.Forward;
using Tercet.Tests.Imaging;

namespace Tercet.Tests.Engine;

public sealed class EmbeddingEngineTests : IDisposable
{
    private readonly ModelFolder _models = new();
    private readonly TestImages _images = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static EmbedderOptions Options { get; } = new()
    {
        Device = DeviceChoice.Cpu,
        Threads = 1,
        MaxBatch = 3,
        Preprocessing = new Preprocessing { Width = 4, Height = 4, Scale = [1 / 255f, 1 / 255f, 1 / 255f] },
    };

    public void Dispose()
    {
        _models.Dispose();
        _images.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void EmbedImages_MoreThanOneBatch_RowBelongsToPath(int threads)
    {
        using EmbeddingEngine engine = Load();
        string[] paths = SaveImages(8);
        List<int> progress = [];
        float[,] embeddings = new float[8, engine.Dimension];
        EmbedResult result = engine.EmbedImages(paths, embeddings, new EmbedRun { DecodeThreads = threads, Progress = new Sink(progress) }, cancellationToken: Token);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], result.Rows);
        Assert.Empty(result.Skipped);
        Assert.Equal([3, 6, 8], progress);
        for (int i = 0; i < 8; i++)
            AssertEmbedding(i, embeddings, i);
    }

    [Fact]
    public void EmbedImages_BadImagesSkipped_AreReportedAndNaN()
    {
        using EmbeddingEngine engine = Load();
        string[] paths = SaveImages(7);
        File.WriteAllText(paths[1], "no image");
        File.Delete(paths[3]);
        File.Delete(paths[4]);
        File.Delete(paths[5]);
        float[,] embeddings = new float[7, engine.Dimension];
        EmbedResult result = engine.EmbedImages(paths, embeddings, new EmbedRun { OnError = ImageErrorAction.Skip }, cancellationToken: Token);
        Assert.Equal([0, 2, 6], result.Rows);
        Assert.Equal(
            [(1, ImageErrorReason.NotAnImage), (3, ImageErrorReason.NotFound), (4, ImageErrorReason.NotFound), (5, ImageErrorReason.NotFound)],
            result.Skipped.Select(skipped => (skipped.Row, skipped.Reason)));
        foreach (SkippedImage skipped in result.Skipped)
        {
            Assert.Equal(paths[skipped.Row], skipped.Path);
            Assert.StartsWith(skipped.Path + ": ", skipped.Message, StringComparison.Ordinal);
            for (int j = 0; j < engine.Dimension; j++)
                Assert.True(float.IsNaN(embeddings[skipped.Row, j]));
        }

        foreach (int row in result.Rows)
            AssertEmbedding(row, embeddings, row);
    }

    [Fact]
    public void EmbedImages_BadImageByDefault_ThrowsTheFirst()
    {
        using EmbeddingEngine engine = Load();
        string[] paths = SaveImages(6);
        File.WriteAllBytes(paths[4], []);
        File.Delete(paths[5]);
        ImageException failure = Assert.Throws<ImageException>(() => engine.EmbedImages(paths, new float[6, engine.Dimension], cancellationToken: Token));
        Assert.Equal((paths[4], ImageErrorReason.Empty), (failure.Path, failure.Reason));
    }

    [Fact]
    public void EmbedImages_Normalize_GivesUnitRows()
    {
        using EmbeddingEngine engine = Load();
        float[,] embeddings = new float[2, engine.Dimension];
        engine.EmbedImages(SaveImages(2), embeddings, new EmbedRun { Normalize = true }, cancellationToken: Token);
        Span2D<float> rows = embeddings;
        for (int i = 0; i < 2; i++)
            Assert.Equal(1, Math.Sqrt(rows.GetRow(i).ToArray().Sum(value => (double)value * value)), 1e-6);
    }

    [Fact]
    public void EmbedImages_MapOfItsOwn_TakesThatPart()
    {
        using EmbeddingEngine engine = Load();
        string path = _images.Save("wide.png", TestImages.Encode(SKEncodedImageFormat.Png, 8, 4, TestImages.Noise));
        float[,] embeddings = new float[2, engine.Dimension];
        engine.EmbedImages([path, path], embeddings, new EmbedRun { Maps = [AffineMap.Identity, null] }, cancellationToken: Token);
        AssertEmbedding(0, embeddings, 0);
        Assert.NotEqual(embeddings[0, 0], embeddings[1, 0]);
    }

    [Fact]
    public void EmbedImages_NoImages_DoesNothing()
    {
        using EmbeddingEngine engine = Load();
        Assert.Empty(engine.EmbedImages([], new float[0, 0], cancellationToken: Token).Rows);
    }

    [Fact]
    public void EmbedImages_WrongArguments_Throws()
    {
        using EmbeddingEngine engine = Load();
        Assert.Throws<ArgumentException>("embeddings", () => engine.EmbedImages(["a"], new float[2, engine.Dimension], cancellationToken: Token));
        Assert.Throws<ArgumentException>("embeddings", () => engine.EmbedImages(["a"], new float[1, engine.Dimension + 1], cancellationToken: Token));
        Assert.Throws<ArgumentException>("paths", () => engine.EmbedImages([" "], new float[1, engine.Dimension], cancellationToken: Token));
        Assert.Throws<ArgumentException>("run", () => engine.EmbedImages(["a"], new float[1, engine.Dimension], new EmbedRun { Maps = [] }, cancellationToken: Token));
        Assert.Throws<ArgumentOutOfRangeException>("DecodeThreads", () => engine.EmbedImages(["a"], new float[1, engine.Dimension], new EmbedRun { DecodeThreads = -1 }, cancellationToken: Token));
    }

    [Fact]
    public void EmbedImages_ModelWithoutDescription_SaysHowToGiveOne()
    {
        using EmbeddingEngine engine = EmbeddingEngine.Load(_models.Save(TinyModels.Image("n", 3, 4, 4)), Options with { Preprocessing = null });
        TercetException failure = Assert.Throws<TercetException>(() => engine.EmbedImages(["a"], new float[1, engine.Dimension], cancellationToken: Token));
        Assert.Contains("model.onnx.json", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EmbedImages_Cancelled_Throws()
    {
        using EmbeddingEngine engine = Load();
        using CancellationTokenSource source = new();
        source.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => engine.EmbedImages(SaveImages(2), new float[2, engine.Dimension], cancellationToken: source.Token));
    }

    [Fact]
    public void Mine_Embeddings_IsWhatTheMinerSelects()
    {
        using EmbeddingEngine engine = Load();
        float[,] embeddings = new float[8, engine.Dimension];
        engine.EmbedImages(SaveImages(8), embeddings, cancellationToken: Token);
        long[] labels = [0, 0, 1, 1, 2, 2, 3, 3];
        MiningOptions options = new() { Rule = MiningRule.BatchHard };
        Triplet[] found = new Triplet[8];
        Triplet[] expected = new Triplet[8];
        using TripletMiner miner = new();
        Assert.Equal(8, engine.Mine(embeddings, labels, options, found, out MiningStatistics statistics, cancellationToken: Token));
        miner.Mine(embeddings, labels, options, expected, out _, cancellationToken: Token);
        Assert.Equal(expected, found);
        Assert.Equal(8, statistics.Selected);
    }

    private EmbeddingEngine Load() => EmbeddingEngine.Load(_models.Save(TinyModels.Image("n", 3, 4, 4)), Options);

    private string[] SaveImages(int count) =>
        [.. Enumerable.Range(0, count).Select(i => _images.Save($"{i}.png", TestImages.Encode(SKEncodedImageFormat.Png, 4, 4, (x, y) => TestImages.Noise(x + (100 * i), y))))];

    /// <summary>Compares a row with the model's matrix product over image <paramref name="image"/>, in float64.</summary>
    private static void AssertEmbedding(int image, float[,] embeddings, int row)
    {
        float[] pixels = new float[TinyModels.Features];
        for (int i = 0; i < 16; i++)
        {
            SKColor colour = TestImages.Noise((i % 4) + (100 * image), i / 4);
            (pixels[i], pixels[16 + i], pixels[32 + i]) = (colour.Red / 255f, colour.Green / 255f, colour.Blue / 255f);
        }

        double[] expected = TinyModels.Expected(pixels);
        for (int j = 0; j < expected.Length; j++)
            Assert.Equal(expected[j], embeddings[row, j], 1e-4);
    }

    private sealed class Sink(List<int> values) : IProgress<int>
    {
        public void Report(int value) => values.Add(value);
    }
}
