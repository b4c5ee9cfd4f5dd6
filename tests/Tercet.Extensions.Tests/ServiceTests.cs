using System.Diagnostics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Tercet.Extensions.Batching;
using Tercet.Forward;
using Tercet.Tests.Forward;

namespace Tercet.Extensions.Tests;

public sealed class ServiceTests : IDisposable
{
    private readonly ModelFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AddTercet_FromConfiguration_EmbedsAndIsHealthyUntilItStops()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Tercet:ModelPath"] = _folder.Save(TinyModels.Vector("n")),
            ["Tercet:Device"] = "Cpu",
            ["Tercet:BatchSize"] = "2",
            ["Tercet:Deadline"] = "00:01:00",
        });
        builder.Services.AddTercet(builder.Configuration.GetSection("Tercet"));
        using IHost host = builder.Build();
        HealthCheckService health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync(Token)).Status);
        await host.StartAsync(Token);
        TercetEmbedder embedder = Assert.IsType<TercetEmbedder>(host.Services.GetRequiredService<ITercetEmbedder>());
        Assert.Equal(("model", 2, TinyModels.Dimension), (embedder.ModelName, embedder.BatchSize, embedder.Dimension));
        float[] embedding = new float[embedder.Dimension];
        await embedder.EmbedAsync(TestService.Sample(3), embedding, cancellationToken: Token);
        TestService.AssertEmbedding(3, embedding);
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync(Token)).Status);
        Assert.NotNull(host.Services.GetRequiredService<IEmbeddingGenerator<DataContent, Embedding<float>>>());
        await host.StopAsync(Token);
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync(Token)).Status);
        Assert.Equal(OverloadReason.Stopping, (await Assert.ThrowsAsync<TercetOverloadedException>(async () => await embedder.EmbedAsync(TestService.Sample(3), embedding, cancellationToken: Token))).Reason);
    }

    [Fact]
    public async Task AddTercet_TwoKeys_AreTwoModels()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTercet("one", options => Fill(options, TinyModels.Vector("n"), "one.onnx"));
        builder.Services.AddTercet("two", options => Fill(options, TinyModels.Tokens("n"), "tokens.onnx"));
        using IHost host = builder.Build();
        Exception failure = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync(Token));
        Assert.Contains("tokens.onnx", failure.Message, StringComparison.Ordinal);

        builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTercet("one", options => Fill(options, TinyModels.Vector("n"), "one.onnx"));
        builder.Services.AddTercet("two", options => Fill(options, TinyModels.Image("n", 3, 4, 4), "two.onnx"));
        using IHost good = builder.Build();
        await good.StartAsync(Token);
        Assert.Equal("one", good.Services.GetRequiredKeyedService<ITercetEmbedder>("one").ModelName);
        Assert.Equal("two", good.Services.GetRequiredKeyedService<ITercetEmbedder>("two").ModelName);
        Assert.Null(good.Services.GetService<ITercetEmbedder>());
        HealthReport report = await good.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        Assert.Equal(["tercet one", "tercet two"], report.Entries.Keys.Order());
        Assert.Equal(HealthStatus.Healthy, report.Status);
        await good.StopAsync(Token);
    }

    public static TheoryData<string, string> BadOptions => new()
    {
        { nameof(TercetOptions.ModelPath), "" },
        { nameof(TercetOptions.ModelPath), "nowhere.onnx" },
        { nameof(TercetOptions.Device), "7" },
        { nameof(TercetOptions.Pooling), "9" },
        { nameof(TercetOptions.Workers), "-1" },
        { nameof(TercetOptions.Threads), "-1" },
        { nameof(TercetOptions.MaxBatch), "0" },
        { nameof(TercetOptions.BatchSize), "33" },
        { nameof(TercetOptions.QueueCapacity), "0" },
        { nameof(TercetOptions.Deadline), "00:00:00" },
        { nameof(TercetOptions.MaxBatchWait), "-00:00:01" },
        { nameof(TercetOptions.DrainTimeout), "1.00:00:00" },
        { nameof(TercetOptions.Preprocessing), "nothing" },
        { nameof(TercetOptions.Preprocessing), "nowhere.json" },
        { nameof(TercetOptions.Alignment), "resize" },
        { nameof(TercetOptions.MaxImageBytes), "0" },
        { nameof(TercetOptions.MaxImagePixels), "600000000" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public async Task AddTercet_BadOption_StopsTheHostAtItsStart(string option, string value)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { [nameof(TercetOptions.ModelPath)] = _folder.Save(TinyModels.Vector("n")), [option] = value });
        builder.Services.AddTercet(builder.Configuration);
        using IHost host = builder.Build();
        OptionsValidationException failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Token));
        Assert.Contains(option, Assert.Single(failure.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Telemetry_ARequestAndARefusal_ReportsEachPartUnderItsName()
    {
        using BatchSizes heard = new();
        const string Model = nameof(Telemetry_ARequestAndARefusal_ReportsEachPartUnderItsName);
        List<Activity> activities = [];
        using ActivityListener listener = new() { ShouldListenTo = source => source.Name == "Tercet", Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData, ActivityStopped = activity => { lock (activities) activities.Add(activity); } };
        ActivitySource.AddActivityListener(listener);
        using TestService service = new(options => (options.ModelName, options.QueueCapacity) = (Model, 1));
        EmbedRequest place = service.TakePlace(new float[TinyModels.Dimension]);
        ValueTask first = place.Task;
        Task<float[]> waiting = service.Embed(1);
        await Assert.ThrowsAsync<TercetOverloadedException>(() => service.Embed(2));
        heard.Observe();
        Assert.Equal(1, heard.Heard[(Model, "tercet.queue.length")].Value);
        place.Fill(new SampleFill(TestService.Sample(0)));
        await first;
        await waiting;

        foreach (string name in new[] { "tercet.queue.duration", "tercet.decode.duration", "tercet.batch.wait.duration", "tercet.forward.duration" })
            Assert.True(heard.Heard[(Model, name)].Value >= 0, name);
        (double _, Dictionary<string, object?> operation) = heard.Heard[(Model, "gen_ai.client.operation.duration")];
        Assert.Equal(("embeddings", "tercet"), (operation["gen_ai.operation.name"], operation["gen_ai.provider.name"]));
        Assert.Equal("queue_full", heard.Heard[(Model, "tercet.rejections")].Tags["tercet.rejection.reason"]);
        Assert.Equal(8 * (TinyModels.Features + TinyModels.Dimension) * sizeof(float), heard.Heard[(Model, "tercet.memory.pinned")].Value);
        Assert.Equal(0, heard.Heard[(Model, "tercet.memory.page_locked")].Value);
        lock (activities)
        {
            Activity[] ours = [.. activities.Where(activity => Model.Equals(activity.GetTagItem("gen_ai.request.model")))];
            Assert.Equal(2, ours.Length);
            Assert.Contains(ours, activity => activity.Status == ActivityStatusCode.Error);
        }
    }

    [Fact]
    public void TercetEmbedder_SizeToBeFound_IsOneWhereTheModelStandsNoBatch()
    {
        using TestService service = new(options => options.BatchSize = 0, TinyModels.ConstantReshape("n"));
        Assert.Equal((1, BatchMode.OneByOne), (service.Embedder.BatchSize, service.Embedder.Model.BatchMode));
    }

    [Fact]
    public void TercetEmbedder_SizeToBeFound_IsAmongThoseMeasured()
    {
        using TestService service = new(options => options.BatchSize = 0);
        Assert.Contains(service.Embedder.BatchSize, new[] { 1, 2, 4, 8 });
    }

    private void Fill(TercetOptions options, OnnxModelBuilder model, string name)
    {
        options.ModelPath = File.Exists(_folder.PathOf(name)) ? _folder.PathOf(name) : _folder.Save(model, name);
        options.Device = DeviceChoice.Cpu;
    }
}
