using Tercet.Evaluation;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Mining;

namespace Tercet.Tests.Engine;

public sealed class RealFacesTests
{
    [Fact]
    public void EmbedImages_RealFaces_AreVerifiedAtThePublishedThreshold()
    {
        string cache = Repository.RequireAssets();
        string[] paths = [.. Directory.GetFiles(Path.Combine(cache, "faces"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        string[] identities = [.. paths.Select(path => Path.GetFileName(Path.GetDirectoryName(path)!))];
        string[] names = [.. identities.Distinct()];
        long[] labels = [.. identities.Select(identity => (long)Array.IndexOf(names, identity))];
        Assert.Equal((55, 5), (paths.Length, names.Length));

        Preprocessing chip = Preprocessing.Preset("sface") with { Alignment = Alignment.DlibChip };
        using EmbeddingEngine engine = EmbeddingEngine.Load(Path.Combine(cache, "sface.onnx"), new EmbedderOptions { Device = DeviceChoice.Cpu, Preprocessing = chip });
        float[,] embeddings = new float[paths.Length, engine.Dimension];
        engine.EmbedImages(paths, embeddings, cancellationToken: TestContext.Current.CancellationToken);

        // SFace's published threshold is a cosine similarity of 0.363.
        EvaluationReport report = EvaluationReport.FromEmbeddings(embeddings, labels, new EvaluationOptions { Metric = DistanceMetric.Cosine, Threshold = 1 - 0.363 }, TestContext.Current.CancellationToken);
        PairAccuracy? accuracy = PairAccuracy.At(PairScores.FromEmbeddings(embeddings, labels, DistanceMetric.Cosine), 1 - 0.363);
        Assert.NotNull(accuracy);
        Assert.True(accuracy.Value.Accuracy >= 0.97, $"{accuracy}");
        Assert.Equal(1.0, report.Retrieval.Rank1);
        TestContext.Current.TestOutputHelper?.WriteLine($"{accuracy} rank-1 {report.Retrieval.Rank1} MAP@R {report.Retrieval.MapAtR}");
    }

    [Fact]
    public void EmbedImages_AnyNumberOfStreams_GivesTheSameBits()
    {
        string cache = Repository.RequireAssets();
        string[] paths = [.. Directory.GetFiles(Path.Combine(cache, "faces"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        EmbedderOptions options = new() { Device = DeviceChoice.Cpu, Threads = 1, Preprocessing = Preprocessing.Preset("sface") with { Alignment = Alignment.DlibChip } };
        float[][,] found = [.. new[] { 1, 2, 5 }.Select(streams =>
        {
            using EmbeddingEngine engine = EmbeddingEngine.Load(Path.Combine(cache, "sface.onnx"), options with { Streams = streams });
            float[,] embeddings = new float[paths.Length, engine.Dimension];
            engine.EmbedImages(paths, embeddings, cancellationToken: TestContext.Current.CancellationToken);
            return embeddings;
        })];

        Assert.NotEqual(0, found[0][54, 127]);
        Assert.Equal(found[0].Cast<float>(), found[1].Cast<float>());
        Assert.Equal(found[0].Cast<float>(), found[2].Cast<float>());
    }
}
