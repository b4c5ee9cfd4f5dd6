using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using SkiaSharp;
using Tercet.Extensions;
using Tercet.Forward;
using Tercet.Galleries;
using Tercet.Mining;
using Tercet.Search;
using Tercet.Server.Options;
using Tercet.Server.Security;
using Tercet.Tests.Forward;
using Tercet.Tests.Imaging;

namespace Tercet.Server.Tests;

/// <summary>A server on a port of its own, asked over real HTTP. Its model embeds images of 4 × 4 pixels; its gallery holds the first ten of <see cref="Image"/>.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    public const string ModelName = "tiny";
    public const int Rows = 10;

    private readonly ModelFolder _folder = new();
    private readonly WebApplication _app;

    private TestServer(Action<TercetOptions, ServerOptions>? configure, bool hasKeys, bool hasGallery)
    {
        Model = new TercetOptions
        {
            ModelPath = _folder.Save(TinyModels.Image("n", 3, 4, 4)),
            ModelName = ModelName,
            Device = DeviceChoice.Cpu,
            Preprocessing = Description(),
            BatchSize = 1,
            MaxBatch = 4,
            Workers = 2,
            QueueCapacity = 10_000,
            Deadline = TimeSpan.FromMinutes(10),
        };
        Options = new ServerOptions { Urls = "http://127.0.0.1:0", KeysFile = hasKeys ? _folder.PathOf("keys.json") : "", ConcurrencyPerKey = 1000, RequestTimeout = TimeSpan.FromMinutes(10) };
        if (hasKeys)
            Key = Keys.Add("tester");
        if (hasGallery)
            Options.Gallery = MakeGallery();
        configure?.Invoke(Model, Options);
        _app = ServerHost.Build(Model, Options, new ConfigurationBuilder().Build());
    }

    public TercetOptions Model { get; }

    public ServerOptions Options { get; }

    /// <summary>The key that <see cref="Client"/> sends.</summary>
    public string? Key { get; }

    public KeyFile Keys => new(_folder.PathOf("keys.json"));

    public Uri Address { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    public ITercetEmbedder Embedder => Services.GetRequiredService<ITercetEmbedder>();

    public static async Task<TestServer> Start(Action<TercetOptions, ServerOptions>? configure = null, bool hasKeys = true, bool hasGallery = false)
    {
        TestServer server = new(configure, hasKeys, hasGallery);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        server.Address = new Uri(server._app.Urls.First());
        server.Client = server.CreateClient(server.Key);
        return server;
    }

    public HttpClient CreateClient(string? key)
    {
        HttpClient client = new() { BaseAddress = Address, Timeout = Timeout.InfiniteTimeSpan };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>An image in PNG.</summary>
    public static byte[] Image(int seed) => TestImages.Encode(SKEncodedImageFormat.Png, 4, 4, (x, y) => TestImages.Noise(x + (100 * seed), y));

    /// <summary>Its embedding, as the library gives it.</summary>
    public float[] Embed(int seed)
    {
        float[] embedding = new float[TinyModels.Dimension];
        Embedder.EmbedImage(Image(seed), embedding);
        return embedding;
    }

    public string SaveFile(string name, byte[] bytes) => _folder.Save(bytes, name);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(TestContext.Current.CancellationToken);
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private string Description() => _folder.Save("""{"width":4,"height":4,"scale":[0.00392156862745098]}"""u8.ToArray(), "description.json");

    private string MakeGallery()
    {
        using TercetEmbedder embedder = new(Model);
        using Gallery gallery = Gallery.Create(_folder.PathOf("faces.gallery"), GallerySchema.For(embedder.Model, SearchMetric.SquaredEuclidean, normalized: true));
        using GalleryWriter writer = gallery.OpenWriter();
        float[] row = new float[embedder.Dimension];
        for (int i = 0; i < Rows; i++)
        {
            embedder.EmbedImage(Image(i), row);
            UnitRows.Normalize(row);
            writer.Add(row, new GalleryRowFacts { Label = $"person {i % 3}", Source = $"{i}.png" });
        }

        writer.Commit();
        return gallery.Folder;
    }
}
