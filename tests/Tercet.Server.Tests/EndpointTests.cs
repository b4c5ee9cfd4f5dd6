using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Tercet.Mining;
using Tercet.Tests.Forward;

namespace Tercet.Server.Tests;

public sealed class EndpointTests
{
    private static readonly int[] One = [1, 3, 4, 4];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Infer_JsonAndBinary_GiveWhatTheLibraryGivesBitForBit()
    {
        await using TestServer server = await TestServer.Start();
        V2Client client = new(server.Client, TestServer.ModelName);
        float[] samples = TinyModels.Random(3, 3 * TinyModels.Features);
        float[] expected = new float[3 * TinyModels.Dimension];
        for (int i = 0; i < 3; i++)
            server.Embedder.Embed(samples.AsSpan(i * TinyModels.Features, TinyModels.Features), expected.AsSpan(i * TinyModels.Dimension, TinyModels.Dimension), cancellationToken: Token);
        Assert.Equal(expected, await client.InferBinary(samples, [3, 3, 4, 4], Token));
        Assert.Equal(expected, await client.InferJson(samples, [3, 3, 4, 4], Token));
    }

    [Fact]
    public async Task Infer_ManyClientsAtOnce_NobodyGetsAnothersAnswer()
    {
        await using TestServer server = await TestServer.Start((model, _) => model.BatchSize = 3);
        int right = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async caller =>
        {
            using HttpClient http = server.CreateClient(server.Key);
            V2Client client = new(http, TestServer.ModelName);
            float[] sample = new float[TinyModels.Features];
            for (int i = 0; i < 250; i++)
            {
                int feature = i % TinyModels.Features;
                float factor = (caller * 1000) + i + 1;
                sample[feature] = factor;
                float[] found = await client.InferBinary(sample, One, Token);
                sample[feature] = 0;
                for (int j = 0; j < found.Length; j++)
                    Assert.Equal(factor * TinyModels.Weights[(feature * TinyModels.Dimension) + j], found[j]);
                Interlocked.Increment(ref right);
            }
        }));
        Assert.Equal(2000, right);
    }

    [Fact]
    public async Task Infer_AsManySamplesAsOneRequestMayHave_IsAnsweredWhateverTheQueueHolds()
    {
        await using TestServer server = await TestServer.Start((model, _) => model.QueueCapacity = 4);
        int count = server.Options.MaxImages;
        float[] samples = TinyModels.Random(3, count * TinyModels.Features);
        float[] found = await new V2Client(server.Client, TestServer.ModelName).InferBinary(samples, [count, 3, 4, 4], Token);
        float[] expected = new float[found.Length];
        for (int i = 0; i < count; i++)
            server.Embedder.Embed(samples.AsSpan(i * TinyModels.Features, TinyModels.Features), expected.AsSpan(i * TinyModels.Dimension, TinyModels.Dimension), cancellationToken: Token);
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task Metadata_OfServerAndModel_IsTheProtocols()
    {
        await using TestServer server = await TestServer.Start();
        JsonNode about = (await server.Client.GetFromJsonAsync<JsonNode>("/v2", Token))!;
        Assert.Contains("binary_tensor_data", about["extensions"]!.AsArray().Select(each => (string)each!));
        JsonNode model = (await server.Client.GetFromJsonAsync<JsonNode>("/v2/models/tiny", Token))!;
        Assert.Equal("image", (string)model["inputs"]![0]!["name"]!);
        Assert.Equal([-1, 3, 4, 4], model["inputs"]![0]!["shape"]!.AsArray().Select(size => (int)size!));
        Assert.Equal([-1, 5], model["outputs"]![0]!["shape"]!.AsArray().Select(size => (int)size!));
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v2/models/tiny/ready", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync("/v2/models/other", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.GetAsync("/v2/models/tiny/versions/2", Token)).StatusCode);
    }

    [Fact]
    public async Task Embed_FormJsonAndBody_GiveTheLibrarysEmbeddings()
    {
        await using TestServer server = await TestServer.Start();
        using MultipartFormDataContent form = new() { { new ByteArrayContent(TestServer.Image(1)), "first", "1.png" }, { new ByteArrayContent(TestServer.Image(2)), "second", "2.png" } };
        JsonNode answer = await Json(await server.Client.PostAsync("/embed", form, Token));
        Assert.Equal(server.Embed(1), Row(answer, 0));
        Assert.Equal(server.Embed(2), Row(answer, 1));

        answer = await Json(await server.Client.PostAsJsonAsync("/embed", new JsonObject { ["images"] = new JsonArray(Convert.ToBase64String(TestServer.Image(3))), ["normalize"] = true }, Token));
        float[] unit = Row(answer, 0);
        Assert.Equal(1, unit.Sum(value => (double)value * value), 1e-6);

        using HttpRequestMessage raw = new(HttpMethod.Post, "/embed") { Content = new ByteArrayContent(TestServer.Image(4)) };
        raw.Content.Headers.ContentType = new MediaTypeHeaderValue("image/png");
        raw.Headers.Accept.ParseAdd("application/octet-stream");
        byte[] bytes = await (await server.Client.SendAsync(raw, Token)).Content.ReadAsByteArrayAsync(Token);
        Assert.Equal(server.Embed(4), MemoryMarshal.Cast<byte, float>(bytes).ToArray());
    }

    [Fact]
    public async Task Mine_RowsAndLabels_SelectsWhatTheMinerSelects()
    {
        await using TestServer server = await TestServer.Start();
        float[] rows = TinyModels.Random(5, 24 * 4);
        long[] labels = [.. Enumerable.Range(0, 24).Select(i => (long)i % 5)];
        JsonObject request = new()
        {
            ["embeddings"] = new JsonArray([.. rows.Chunk(4).Select(row => new JsonArray([.. row.Select(value => JsonValue.Create(value))]))]),
            ["labels"] = new JsonArray([.. labels.Select(label => JsonValue.Create(label))]),
            ["rule"] = "batch-hard",
            ["margin"] = 0.5,
        };
        JsonNode answer = await Json(await server.Client.PostAsJsonAsync("/mine", request, Token));
        using TripletMiner miner = new();
        Triplet[] expected = new Triplet[24];
        int count = miner.Mine(new CommunityToolkit.HighPerformance.ReadOnlySpan2D<float>(rows, 24, 4), labels, new MiningOptions { Rule = MiningRule.BatchHard, Margin = 0.5 }, expected, out MiningStatistics statistics, Token);
        Assert.Equal(expected.Take(count).Select(t => (t.Anchor, t.Positive, t.Negative)), answer["triplets"]!.AsArray().Select(t => ((int)t![0]!, (int)t[1]!, (int)t[2]!)));
        Assert.Equal(expected.Take(count).Select(t => t.NegativeDistance), answer["negativeDistances"]!.AsArray().Select(d => (float)d!));
        Assert.Equal(statistics.ValidTriplets, (long)answer["validTriplets"]!);
    }

    [Fact]
    public async Task Mine_NothingButRowsAndLabels_IsTheEnginesDefault()
    {
        await using TestServer server = await TestServer.Start();
        float[] rows = TinyModels.Random(6, 12 * 2);
        long[] labels = [.. Enumerable.Range(0, 12).Select(i => (long)i % 4)];
        JsonObject request = new()
        {
            ["embeddings"] = new JsonArray([.. rows.Chunk(2).Select(row => new JsonArray([.. row.Select(value => JsonValue.Create(value))]))]),
            ["labels"] = new JsonArray([.. labels.Select(label => JsonValue.Create(label))]),
        };
        JsonNode answer = await Json(await server.Client.PostAsJsonAsync("/mine", request, Token));
        using TripletMiner miner = new();
        MiningOptions options = new();
        CommunityToolkit.HighPerformance.ReadOnlySpan2D<float> matrix = new(rows, 12, 2);
        Triplet[] expected = new Triplet[miner.Capacity(MiningInput.Batch(matrix, labels), options)];
        int count = miner.Mine(matrix, labels, options, expected, out _, Token);
        Assert.True(count > 0);
        Assert.Equal(expected.Take(count).Select(t => (t.Anchor, t.Positive, t.Negative)), answer["triplets"]!.AsArray().Select(t => ((int)t![0]!, (int)t[1]!, (int)t[2]!)));
    }

    [Fact]
    public async Task SearchAndVerify_AnImageOfTheGallery_FindItself()
    {
        await using TestServer server = await TestServer.Start(hasGallery: true);
        using MultipartFormDataContent form = new() { { new ByteArrayContent(TestServer.Image(4)), "image", "4.png" }, { new StringContent("3"), "k" } };
        JsonNode found = await Json(await server.Client.PostAsync("/search", form, Token));
        Assert.Equal(3, found["neighbors"]!.AsArray().Count);
        Assert.Equal((4, "person 1", "4.png"), ((int)found["neighbors"]![0]!["id"]!, (string)found["neighbors"]![0]!["label"]!, (string)found["neighbors"]![0]!["source"]!));
        Assert.Equal(0, (double)found["neighbors"]![0]!["distance"]!, 1e-5);

        found = await Json(await server.Client.PostAsJsonAsync("/search", new JsonObject { ["embedding"] = new JsonArray([.. server.Embed(5).Select(value => JsonValue.Create(value))]), ["k"] = 100, ["label"] = "person 2" }, Token));
        Assert.Equal([5, 2, 8], found["neighbors"]!.AsArray().Select(each => (int)each!["id"]!).OrderBy(id => id == 5 ? 0 : id));

        // So few rows have no cells: the answer is exact.
        JsonNode near = await Json(await server.Client.PostAsJsonAsync("/search", new JsonObject { ["embedding"] = new JsonArray([.. server.Embed(5).Select(value => JsonValue.Create(value))]), ["k"] = 2, ["approximate"] = 1 }, Token));
        Assert.Equal(5, (int)near["neighbors"]![0]!["id"]!);

        using MultipartFormDataContent claim = new() { { new ByteArrayContent(TestServer.Image(6)), "a", "6.png" }, { new StringContent("person 0"), "label" }, { new StringContent("0.99"), "threshold" } };
        JsonNode verified = await Json(await server.Client.PostAsync("/verify", claim, Token));
        Assert.Equal((6, true), ((int)verified["id"]!, (bool)verified["isSame"]!));

        JsonObject pair = new() { ["a"] = Convert.ToBase64String(TestServer.Image(1)), ["b"] = Convert.ToBase64String(TestServer.Image(2)) };
        verified = await Json(await server.Client.PostAsJsonAsync("/verify", pair, Token));
        Assert.Equal(Cli.Input.PairSimilarity.Cosine(server.Embed(1), server.Embed(2)), (double)verified["cosine"]!, 1e-12);
        Assert.Null(verified["isSame"]);
    }

    [Fact]
    public async Task Search_WithoutGallery_IsNotFound()
    {
        await using TestServer server = await TestServer.Start();
        Assert.Equal(HttpStatusCode.NotFound, (await server.Client.PostAsJsonAsync("/search", new JsonObject(), Token)).StatusCode);
    }

    [Fact]
    public async Task Metrics_AfterRequests_HoldsTheirTimesUnderOpenTelemetrysNames()
    {
        await using TestServer server = await TestServer.Start(hasGallery: true);
        V2Client client = new(server.Client, TestServer.ModelName);
        await client.InferBinary(new float[TinyModels.Features], One, Token);
        await Json(await server.Client.PostAsJsonAsync("/search", new JsonObject { ["embedding"] = new JsonArray([.. server.Embed(5).Select(value => JsonValue.Create(value))]) }, Token));
        string text = await server.Client.GetStringAsync("/metrics", Token);
        foreach (string line in new[]
        {
            "# TYPE gen_ai_client_operation_duration_seconds histogram",
            "gen_ai_client_operation_duration_seconds_count{gen_ai_operation_name=\"embeddings\",gen_ai_provider_name=\"tercet\",gen_ai_request_model=\"tiny\"} 2",
            "tercet_forward_duration_seconds_bucket{gen_ai_request_model=\"tiny\",le=\"+Inf\"} 2",
            "tercet_queue_duration_seconds_count{gen_ai_request_model=\"tiny\"} 2",
            "tercet_batch_wait_duration_seconds_count{gen_ai_request_model=\"tiny\"} 2",
            "tercet_batch_size_bucket{gen_ai_request_model=\"tiny\",le=\"1\"} 2",
            "db_client_operation_duration_seconds_count{db_collection_name=\"faces.gallery\",db_operation_name=\"search\",db_system_name=\"tercet\"} 1",
            "# TYPE tercet_memory_page_locked_bytes gauge",
            "# TYPE tercet_queue_length gauge",
            "# TYPE http_server_request_duration_seconds histogram",
        })
        {
            Assert.True(text.Contains(line + "\n", StringComparison.Ordinal), $"{line} is not in\n{text}");
        }
    }

    private static float[] Row(JsonNode answer, int index) => [.. answer["embeddings"]![index]!.AsArray().Select(value => (float)value!)];

    private static async Task<JsonNode> Json(HttpResponseMessage answer)
    {
        string text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }
}
