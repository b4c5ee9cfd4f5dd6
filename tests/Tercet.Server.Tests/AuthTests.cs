using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Tercet.Cli;
using Tercet.Extensions;
using Tercet.Server.Options;
using Tercet.Server.Security;

namespace Tercet.Server.Tests;

public sealed class AuthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Endpoints_NoKeyOrAWrongOrARevokedOne_RefuseAllButHealth()
    {
        await using TestServer server = await TestServer.Start();
        string revoked = server.Keys.Add("former");
        server.Keys.Revoke("former");
        (HttpMethod Method, string Path)[] endpoints = [.. Endpoints(server), (HttpMethod.Get, "/nowhere"), (HttpMethod.Delete, "/embed"), (HttpMethod.Get, "/V2/Health/Live"), (HttpMethod.Get, "/healthz/")];
        Assert.True(endpoints.Length > 15);
        foreach (string? key in new[] { null, "", "wrong", server.Key![..^1], server.Key + "a", revoked })
        {
            using HttpClient client = server.CreateClient(key);
            foreach ((HttpMethod method, string path) in endpoints)
            {
                using HttpRequestMessage request = new(method, path);
                using HttpResponseMessage answer = await client.SendAsync(request, Token);
                Assert.True(KeyGate.Open.Contains(path) == answer.IsSuccessStatusCode && (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.Unauthorized), $"{method} {path} with {key ?? "no key"}: {answer.StatusCode}");
            }
        }
    }

    [Fact]
    public async Task Keys_HoweverPresented_AreTaken()
    {
        await using TestServer server = await TestServer.Start();
        using HttpClient client = server.CreateClient(null);
        using HttpRequestMessage header = new(HttpMethod.Get, "/metrics");
        header.Headers.Add("X-Api-Key", server.Key);
        using HttpRequestMessage basic = new(HttpMethod.Get, "/metrics");
        basic.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("anybody:" + server.Key)));
        using HttpRequestMessage nonsense = new(HttpMethod.Get, "/metrics");
        nonsense.Headers.Authorization = new AuthenticationHeaderValue("Basic", "%%%");
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(header, Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(basic, Token)).StatusCode);
        HttpResponseMessage refused = await client.SendAsync(nonsense, Token);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("Basic", refused.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task Keys_RevokedWhileTheServerRuns_AreRefusedFromThenOn()
    {
        await using TestServer server = await TestServer.Start();
        string second = server.Keys.Add("second");
        using HttpClient client = server.CreateClient(second);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2", Token)).StatusCode);
        server.Keys.Revoke("second");
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v2", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v2", Token)).StatusCode);
        server.SaveFile("keys.json", "not JSON any more"u8.ToArray());
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.Client.GetAsync("/v2", Token)).StatusCode);
    }

    [Fact]
    public async Task KeyFile_Added_HoldsNoKey()
    {
        await using TestServer server = await TestServer.Start();
        string file = await File.ReadAllTextAsync(server.Options.KeysFile, Token);
        Assert.DoesNotContain(server.Key!, file, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(KeyFile.Hash(server.Key!)), file, StringComparison.Ordinal);
        Assert.Throws<TercetException>(() => server.Keys.Add("tester"));
        Assert.Throws<TercetException>(() => server.Keys.Revoke("nobody"));
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://127.0.0.1:0;http://*:0")]
    [InlineData("https://[::]:0")]
    [InlineData("http://example.org:80")]
    public void Build_AddressBeyondLoopbackWithoutKeys_Refuses(string urls) =>
        Assert.Throws<UsageException>(() => ServerHost.Build(new TercetOptions(), new ServerOptions { Urls = urls }, new ConfigurationBuilder().Build()));

    [Fact]
    public async Task WithoutKeys_AnotherSitesName_IsRefused()
    {
        await using TestServer server = await TestServer.Start(hasKeys: false);
        Assert.Equal(HttpStatusCode.OK, (await server.Client.GetAsync("/v2", Token)).StatusCode);
        using HttpRequestMessage rebound = new(HttpMethod.Get, "/v2");
        rebound.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.Forbidden, (await server.Client.SendAsync(rebound, Token)).StatusCode);
    }

    [Fact]
    public async Task OpenApi_Endpoints_AreThoseThatThereAre()
    {
        await using TestServer server = await TestServer.Start();
        JsonNode document = JsonNode.Parse(await server.Client.GetByteArrayAsync("/openapi.json", Token))!;
        IEnumerable<string> described = document["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Select(verb => $"{verb.Key.ToUpperInvariant()} {path.Key}"));
        Assert.Equal(Patterns(server).Select(each => $"{each.Method} {each.Path}").Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
        Assert.Equal(KeyGate.Open.Order(StringComparer.Ordinal), document["paths"]!.AsObject().Where(path => path.Value!.AsObject().All(verb => verb.Value!["security"]?.AsArray().Count == 0)).Select(path => path.Key).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<(HttpMethod Method, string Path)> Endpoints(TestServer server) => Patterns(server).Select(each =>
        (each.Method, each.Path.Replace("{model}", TestServer.ModelName, StringComparison.Ordinal).Replace("{version}", "1", StringComparison.Ordinal)));

    private static IEnumerable<(HttpMethod Method, string Path)> Patterns(TestServer server) =>
        from endpoint in server.Services.GetServices<EndpointDataSource>().SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        let methods = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()
        where methods is not null
        from method in methods.HttpMethods
        select (new HttpMethod(method), endpoint.RoutePattern.RawText!);
}
