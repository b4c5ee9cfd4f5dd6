using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tercet.Tests.Forward;
using Tercet.Tests.Imaging;

namespace Tercet.Server.Tests;

public sealed class HostileTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Embed_HugeImage_IsRefusedFromItsHeader()
    {
        await using TestServer server = await TestServer.Start();
        byte[] bomb = PngBuilder.Build(50_000, 50_000, 8, 2, [new byte[300]]);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await Post(server, "/embed", bomb, "image/png"));
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long native = Tercet.Memory.PinnedBufferPool.Shared.IdleBytes;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await Post(server, "/embed", bomb, "image/png"));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 64 << 20);
        Assert.InRange(Tercet.Memory.PinnedBufferPool.Shared.IdleBytes - native, 0, 64 << 20);
    }

    [Theory]
    [InlineData("/embed", "not an image", "image/png", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("/embed", "", "image/png", HttpStatusCode.BadRequest)]
    [InlineData("/embed", "{}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/embed", "{\"images\":[]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/embed", "{\"images\":[null]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/embed", "{\"images\":[\"####\"]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/embed", "null", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/embed", "x", "multipart/form-data; boundary=b", HttpStatusCode.BadRequest)]
    [InlineData("/embed?normalize=perhaps", "x", "image/png", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[[1],[2]],\"labels\":[1]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[[1],[2,3]],\"labels\":[1,1]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[[1],null],\"labels\":[1,1]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[null,[1]],\"labels\":[1,1]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[[1e39],[2]],\"labels\":[1,1]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[[],[]],\"labels\":[1,1]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[[1],[2]],\"labels\":[1,1],\"rule\":\"none\"}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/mine", "{\"embeddings\":[[1],[2]],\"labels\":[1,1],\"margin\":-1}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/search", "{\"embedding\":[1,2,3,4,5],\"k\":0}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/search", "{\"embedding\":[1,2,3,4,5],\"approximate\":0}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/search", "{\"embedding\":[1,2,3,4,5],\"approximate\":2,\"label\":\"person 1\"}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/search", "{\"embedding\":[1,2,3,4]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/search", "{\"embedding\":[1,2,3,4,1e39]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/search", "{\"embedding\":[1,2,3,4,5],\"unknown\":1}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/verify", "{\"a\":\"\"}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/tiny/infer", "{\"inputs\":[]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/tiny/infer", "{\"inputs\":3}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/tiny/infer", "[]", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/tiny/infer", "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"INT8\",\"shape\":[1,3,4,4],\"data\":[]}]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/tiny/infer", "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[1,3,4],\"data\":[]}]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/tiny/infer", "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[9223372036854775807,3,4,4],\"data\":[]}]}", "application/json", HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("/v2/models/tiny/infer", "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[1,3,4,4],\"data\":[1,[2,[3]]]}]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/tiny/infer", "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[1,3,4,4],\"parameters\":{\"binary_data_size\":\"many\"}}]}", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("/v2/models/other/infer", "{}", "application/json", HttpStatusCode.NotFound)]
    public async Task Post_WhatMakesNoSense_SaysSo(string path, string body, string type, HttpStatusCode expected)
    {
        await using TestServer server = await TestServer.Start(hasGallery: true);
        Assert.Equal(expected, await Post(server, path, Encoding.UTF8.GetBytes(body), type));
    }

    [Fact]
    public async Task Infer_NotANumber_GoesThroughInBinaryAndIsRefusedAsJson()
    {
        await using TestServer server = await TestServer.Start();
        float[] sample = new float[TinyModels.Features];
        sample[0] = float.NaN;
        Assert.All(await new V2Client(server.Client, TestServer.ModelName).InferBinary(sample, [1, 3, 4, 4], Token), value => Assert.True(float.IsNaN(value)));
        byte[] json = Encoding.UTF8.GetBytes("""{"inputs":[{"name":"image","datatype":"FP32","shape":[1,3,4,4],"parameters":{"binary_data_size":192}}]}""");
        byte[] body = [.. json, .. System.Runtime.InteropServices.MemoryMarshal.AsBytes(sample.AsSpan())];
        Assert.Equal(HttpStatusCode.UnprocessableEntity, await Post(server, "/v2/models/tiny/infer", body, "application/octet-stream", json.Length));
    }

    [Fact]
    public async Task Post_BodyBeyondTheLimit_IsRefused()
    {
        await using TestServer server = await TestServer.Start((_, options) => options.MaxRequestBytes = 1000);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await Post(server, "/embed", new byte[1001], "image/png"));
        Assert.Equal(HttpStatusCode.OK, await Post(server, "/embed", TestServer.Image(1), "image/png"));
    }

    [Fact]
    public async Task Post_BodyThatDoesNotCome_EndsWithTheTimeout()
    {
        await using TestServer server = await TestServer.Start((_, options) => options.RequestTimeout = TimeSpan.FromSeconds(2));
        using TcpClient slow = await BeginPost(server);
        using StreamReader reader = new(slow.GetStream());
        Assert.StartsWith("HTTP/1.1 408", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_MoreRequestsOfAKeyThanMayBe_AreRefusedAndOthersAreNot()
    {
        await using TestServer server = await TestServer.Start((_, options) => options.ConcurrencyPerKey = 1);
        using HttpClient other = server.CreateClient(server.Keys.Add("other"));
        TcpClient slow = await BeginPost(server);
        HttpResponseMessage answer;
        do
        {
            // Until the server has seen the one that stays; it may be the one that is refused, when it meets one of these.
            answer = await server.Client.GetAsync("/v2", Token);
            if (slow.Available == 0)
                continue;
            slow.Dispose();
            slow = await BeginPost(server);
        }
        while (answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/v2", Token)).StatusCode);
        slow.Close();
        do
        {
            answer = await server.Client.GetAsync("/v2", Token);
        }
        while (answer.StatusCode == HttpStatusCode.TooManyRequests);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Https_CertificateByConfiguration_IsServed()
    {
        using RSA rsa = RSA.Create(2048);
        CertificateRequest request = new("CN=localhost", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("tercet-tls-");
        try
        {
            string chain = Path.Combine(folder.FullName, "chain.pem"), key = Path.Combine(folder.FullName, "key.pem");
            await File.WriteAllTextAsync(chain, certificate.ExportCertificatePem(), Token);
            await File.WriteAllTextAsync(key, rsa.ExportPkcs8PrivateKeyPem(), Token);
            await using TestServer server = await TestServer.Start((_, options) => (options.Urls, options.Certificate, options.CertificateKey) = ("https://127.0.0.1:0", chain, key));
            using HttpClientHandler handler = new() { ServerCertificateCustomValidationCallback = (_, seen, _, _) => seen?.Thumbprint == certificate.Thumbprint };
            using HttpClient client = new(handler) { BaseAddress = server.Address };
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/healthz", Token)).StatusCode);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<TcpClient> BeginPost(TestServer server)
    {
        TcpClient client = new();
        await client.ConnectAsync(server.Address.Host, server.Address.Port, Token);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /embed HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {server.Key}\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\nabc"), Token);
        return client;
    }

    private static async Task<HttpStatusCode> Post(TestServer server, string path, byte[] body, string type, int? jsonLength = null)
    {
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (jsonLength is { } length)
            content.Headers.Add("Inference-Header-Content-Length", length.ToString(CultureInfo.InvariantCulture));
        using HttpResponseMessage answer = await server.Client.PostAsync(path, content, Token);
        return answer.StatusCode;
    }
}
