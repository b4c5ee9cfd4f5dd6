using Tercet.Extensions.Batching;
using Tercet.Forward;
using Tercet.Tests.Forward;

namespace Tercet.Extensions.Tests;

/// <summary>A service over a model of one matrix product, and requests whose places stay empty until the test fills them.</summary>
internal sealed class TestService : IDisposable
{
    private readonly ModelFolder _folder = new();

    public TestService(Action<TercetOptions>? configure = null, OnnxModelBuilder? model = null)
    {
        Options = Defaults(_folder.Save(model ?? TinyModels.Vector("n")));
        configure?.Invoke(Options);
        Embedder = new TercetEmbedder(Options);
    }

    public TercetOptions Options { get; }

    public TercetEmbedder Embedder { get; }

    /// <summary>What the model expects of an image in <see cref="Images"/>.</summary>
    public static string Description => """{"width":4,"height":4,"scale":[0.00392156862745098]}""";

    public static TercetOptions Defaults(string path) => new()
    {
        ModelPath = path,
        ModelName = "tiny",
        Device = DeviceChoice.Cpu,
        Workers = 1,
        Threads = 1,
        BatchSize = 1,
        MaxBatch = 8,
        Deadline = TimeSpan.FromMinutes(10),
        MaxBatchWait = TimeSpan.Zero,
    };

    /// <summary>A service for images of 4 × 4 pixels.</summary>
    public static TestService Images(Action<TercetOptions>? configure = null)
    {
        string description = Path.GetTempFileName() + ".json";
        File.WriteAllText(description, Description);
        try
        {
            return new TestService(
                options =>
                {
                    options.Preprocessing = description;
                    configure?.Invoke(options);
                },
                TinyModels.Image("n", 3, 4, 4));
        }
        finally
        {
            File.Delete(description);
        }
    }

    public static float[] Sample(int seed) => TinyModels.Random(seed, TinyModels.Features);

    public static void AssertEmbedding(int seed, ReadOnlySpan<float> embedding)
    {
        double[] expected = TinyModels.Expected(Sample(seed));
        for (int j = 0; j < expected.Length; j++)
            Assert.Equal(expected[j], embedding[j], 1e-4);
    }

    /// <summary>Takes a place without filling it.</summary>
    public EmbedRequest TakePlace(Memory<float> embedding, CancellationTokenSource? until = null)
    {
        EmbedRequest request = Embedder.Batcher.Rent(null, isBlocking: false, until?.Token ?? default);
        request.Embedding = embedding;
        Assert.True(Embedder.Batcher.Submit(request));
        return request;
    }

    /// <summary>Asks for the embedding of <see cref="Sample"/>.</summary>
    public async Task<float[]> Embed(int seed, string? caller = null, CancellationTokenSource? until = null)
    {
        float[] embedding = new float[TinyModels.Dimension];
        await Embedder.EmbedAsync(Sample(seed), embedding, caller, until?.Token ?? default);
        return embedding;
    }

    public void Dispose()
    {
        Embedder.Dispose();
        _folder.Dispose();
    }
}
