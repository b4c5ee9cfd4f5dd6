using CommunityToolkit.HighPerformance;
using Microsoft.Extensions.AI;
using SkiaSharp;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Tests;
using Tercet.Tests.Forward;
using Tercet.Tests.Imaging;

namespace Tercet.Extensions.Tests;

public sealed class ImageTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EmbedImageAsync_ManyAtOnce_IsWhatTheEngineGives()
    {
        using TestService service = TestService.Images(options => (options.BatchSize, options.Workers) = (4, 2));
        byte[][] images = [.. Enumerable.Range(0, 40).Select(Image)];
        float[][] found = [.. images.Select(_ => new float[TinyModels.Dimension])];
        await Task.WhenAll(images.Select((image, i) => Task.Run(async () => await service.Embedder.EmbedImageAsync(image, found[i], cancellationToken: Token), Token)));
        float[] alone = new float[TinyModels.Dimension];
        for (int i = 0; i < images.Length; i++)
        {
            AssertEmbedding(i, found[i]);
            service.Embedder.EmbedImage(images[i], alone, cancellationToken: Token);
            AssertEmbedding(i, alone);
        }
    }

    [Fact]
    public async Task EmbedImageAsync_BadImageInABatch_FailsAlone()
    {
        using TestService service = TestService.Images(options => (options.BatchSize, options.MaxBatchWait) = (3, TimeSpan.FromHours(1)));
        float[][] found = [.. Enumerable.Range(0, 4).Select(_ => new float[TinyModels.Dimension])];
        Task[] tasks = [.. Enumerable.Range(0, 4).Select(async i => await service.Embedder.EmbedImageAsync(i == 1 ? Image(i)[..60] : Image(i), found[i], cancellationToken: Token))];
        ImageException failure = await Assert.ThrowsAsync<ImageException>(() => tasks[1]);
        Assert.Equal(ImageErrorReason.Truncated, failure.Reason);
        foreach (int i in new[] { 0, 2, 3 })
        {
            await tasks[i];
            AssertEmbedding(i, found[i]);
        }
    }

    [Fact]
    public async Task EmbedImageAsync_TooManyPixels_IsRefusedFromItsHeader()
    {
        using TestService service = TestService.Images(options => options.MaxImagePixels = 15);
        ImageException failure = await Assert.ThrowsAsync<ImageException>(async () => await service.Embedder.EmbedImageAsync(Image(0), new float[TinyModels.Dimension], cancellationToken: Token));
        Assert.Equal(ImageErrorReason.TooManyPixels, failure.Reason);
    }

    [Fact]
    public async Task EmbedImageAsync_ModelWithoutImages_SaysSo()
    {
        using TestService service = new();
        TercetException failure = await Assert.ThrowsAsync<TercetException>(async () => await service.Embedder.EmbedImageAsync(Image(0), new float[TinyModels.Dimension], cancellationToken: Token));
        Assert.Contains("Preprocessing", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateAsync_Images_GivesThemInOrder()
    {
        using TestService service = TestService.Images();
        using ImageEmbeddingGenerator generator = new(service.Embedder);
        DataContent[] images = [.. Enumerable.Range(0, 5).Select(i => new DataContent(Image(i), "image/png"))];
        GeneratedEmbeddings<Embedding<float>> found = await generator.GenerateAsync(images, cancellationToken: Token);
        Assert.Equal(5, found.Count);
        for (int i = 0; i < 5; i++)
        {
            AssertEmbedding(i, found[i].Vector.Span);
            Assert.Equal("tiny", found[i].ModelId);
        }

        EmbeddingGeneratorMetadata metadata = Assert.IsType<EmbeddingGeneratorMetadata>(generator.GetService(typeof(EmbeddingGeneratorMetadata)));
        Assert.Equal(("tercet", "tiny", TinyModels.Dimension), (metadata.ProviderName, metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Same(service.Embedder, generator.GetService(typeof(ITercetEmbedder)));
    }

    [Fact]
    public async Task GenerateAsync_MoreImagesThanMayWait_GivesThemAll()
    {
        using TestService service = TestService.Images(options => options.QueueCapacity = 2);
        using ImageEmbeddingGenerator generator = new(service.Embedder);
        GeneratedEmbeddings<Embedding<float>> found = await generator.GenerateAsync(Enumerable.Range(0, 50).Select(i => new DataContent(Image(i), "image/png")), cancellationToken: Token);
        Assert.Equal(50, found.Count);
        for (int i = 0; i < 50; i++)
            AssertEmbedding(i, found[i].Vector.Span);
    }

    [Fact]
    public async Task GenerateAsync_WhatTheModelCannotDo_Throws()
    {
        using TestService service = TestService.Images();
        using ImageEmbeddingGenerator generator = new(service.Embedder);
        DataContent image = new(Image(0), "image/png");
        await Assert.ThrowsAsync<ArgumentException>("values", () => generator.GenerateAsync([new DataContent("hello"u8.ToArray(), "text/plain")], cancellationToken: Token));
        await Assert.ThrowsAsync<ArgumentException>("options", () => generator.GenerateAsync([image], new EmbeddingGenerationOptions { Dimensions = 7 }, Token));
        await Assert.ThrowsAsync<ArgumentException>("options", () => generator.GenerateAsync([image], new EmbeddingGenerationOptions { ModelId = "other" }, Token));
    }

    [Fact]
    public async Task EmbedImageAsync_RealFaces_IsTheEnginesBitForBit()
    {
        string cache = Repository.RequireAssets();
        string[] paths = [.. Directory.GetFiles(Path.Combine(cache, "faces"), "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(8)];
        using EmbeddingEngine engine = EmbeddingEngine.Load(
            Path.Combine(cache, "sface.onnx"),
            new EmbedderOptions { Device = DeviceChoice.Cpu, Threads = 1, MaxBatch = 1, Preprocessing = Preprocessing.Preset("sface") with { Alignment = Alignment.DlibChip } });
        float[,] expected = new float[paths.Length, engine.Dimension];
        engine.EmbedImages(paths, expected, cancellationToken: Token);

        using TercetEmbedder service = new(new TercetOptions
        {
            ModelPath = Path.Combine(cache, "sface.onnx"),
            Device = DeviceChoice.Cpu,
            Preprocessing = "sface",
            Alignment = "dlib-chip",
            Workers = 2,
            Threads = 1,
            MaxBatch = 4,
            BatchSize = 1,
            Deadline = TimeSpan.FromMinutes(10),
        });
        float[][] found = [.. paths.Select(_ => new float[service.Dimension])];
        await Task.WhenAll(paths.Select(async (path, i) => await service.EmbedImageAsync(await File.ReadAllBytesAsync(path, Token), found[i], cancellationToken: Token)));
        ReadOnlySpan2D<float> rows = expected;
        for (int i = 0; i < paths.Length; i++)
            Assert.Equal(rows.GetRow(i).ToArray(), found[i]);
    }

    private static byte[] Image(int seed) => TestImages.Encode(SKEncodedImageFormat.Png, 4, 4, (x, y) => TestImages.Noise(x + (100 * seed), y));

    private static void AssertEmbedding(int seed, ReadOnlySpan<float> found)
    {
        float[] pixels = new float[TinyModels.Features];
        for (int i = 0; i < 16; i++)
        {
            SKColor colour = TestImages.Noise((i % 4) + (100 * seed), i / 4);
            (pixels[i], pixels[16 + i], pixels[32 + i]) = (colour.Red / 255f, colour.Green / 255f, colour.Blue / 255f);
        }

        double[] expected = TinyModels.Expected(pixels);
        for (int j = 0; j < expected.Length; j++)
            Assert.Equal(expected[j], found[j], 1e-4);
    }
}
