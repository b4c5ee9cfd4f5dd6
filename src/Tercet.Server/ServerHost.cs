using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tercet.Cli;
using Tercet.Extensions;
using Tercet.Server.Endpoints;
using Tercet.Server.Http;
using Tercet.Server.Metrics;
using Tercet.Server.Options;
using Tercet.Server.Security;
using Tercet.Server.V2;

namespace Tercet.Server;

/// <summary>Puts the server together.</summary>
internal static class ServerHost
{
    private const long BodySlack = 1 << 20;

    /// <summary>Builds a server.</summary>
    /// <param name="model">The model.</param>
    /// <param name="server">The rest.</param>
    /// <param name="settings">Sections of a settings file for Kestrel and logging.</param>
    /// <exception cref="UsageException">An address that is not loopback has no keys, or a certificate is half given.</exception>
    public static WebApplication Build(TercetOptions model, ServerOptions server, IConfiguration settings)
    {
        RequireKeys(server);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.AddInMemoryCollection(settings.AsEnumerable());
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseUrls(server.Urls);
        builder.WebHost.ConfigureKestrel(kestrel => Limit(kestrel, server));
        builder.Services.AddSingleton(model).AddSingleton(server);
        builder.Services.AddTercet(options => ModelCheck.Copy(model, options));
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<PrometheusExporter>().AddSingleton<ServerTelemetry>().AddSingleton<OpenGallery>().AddSingleton<WorkGate>().AddSingleton<RequestBody>()
            .AddSingleton<KeyGate>().AddSingleton<FaultAnswers>().AddSingleton<HealthEndpoint>().AddSingleton<PageEndpoint>().AddSingleton<EmbedEndpoint>()
            .AddSingleton<MineEndpoint>().AddSingleton<SearchEndpoint>().AddSingleton<VerifyEndpoint>().AddSingleton<V2Endpoints>();
        WebApplication app = builder.Build();

        // Now, so that it hears every instrument from the first measurement on, and a gallery of another model stops the start.
        app.Services.GetRequiredService<PrometheusExporter>();
        FaultAnswers faults = app.Services.GetRequiredService<FaultAnswers>();
        KeyGate gate = app.Services.GetRequiredService<KeyGate>();
        app.Use(next => context => faults.Guard(context, next));
        app.Use(next => context => gate.Enter(context, next));
        app.UseRouting();
        Map(app);
        app.MapFallback((RequestDelegate)(context => throw new HttpFault(404, $"There is nothing at {context.Request.Path}.")));
        return app;
    }

    private static void Map(WebApplication app)
    {
        T Get<T>()
            where T : notnull => app.Services.GetRequiredService<T>();
        app.MapGet("/healthz", (RequestDelegate)HealthEndpoint.Live);
        app.MapGet("/readyz", (RequestDelegate)(context => Get<HealthEndpoint>().Ready(context)));
        app.MapGet("/metrics", (RequestDelegate)(context => Answers.Text(context, "text/plain; version=0.0.4; charset=utf-8", Get<PrometheusExporter>().Write())));
        app.MapGet("/", (RequestDelegate)(context => Get<PageEndpoint>().Page(context)));
        app.MapGet("/openapi.json", (RequestDelegate)(context => Get<PageEndpoint>().OpenApi(context)));
        app.MapPost("/embed", (RequestDelegate)(context => Get<EmbedEndpoint>().Handle(context)));
        app.MapPost("/mine", (RequestDelegate)(context => Get<MineEndpoint>().Handle(context)));
        app.MapPost("/search", (RequestDelegate)(context => Get<SearchEndpoint>().Handle(context)));
        app.MapPost("/verify", (RequestDelegate)(context => Get<VerifyEndpoint>().Handle(context)));
        app.MapGet("/v2", (RequestDelegate)V2Endpoints.Server);
        app.MapGet("/v2/health/live", (RequestDelegate)HealthEndpoint.Live);
        app.MapGet("/v2/health/ready", (RequestDelegate)(context => Get<V2Endpoints>().Ready(context)));
        foreach (string model in (string[])["/v2/models/{model}", "/v2/models/{model}/versions/{version}"])
        {
            app.MapGet(model, (RequestDelegate)(context => Get<V2Endpoints>().Metadata(context)));
            app.MapGet(model + "/ready", (RequestDelegate)(context => Get<V2Endpoints>().ModelReady(context)));
            app.MapPost(model + "/infer", (RequestDelegate)(context => Get<V2Endpoints>().Infer(context)));
        }
    }

    private static void Limit(KestrelServerOptions kestrel, ServerOptions server)
    {
        kestrel.AddServerHeader = false;

        // Beyond the limit that RequestBody keeps, so that a body a little too long is still read to its end and the client gets the answer instead of a broken connection.
        kestrel.Limits.MaxRequestBodySize = server.MaxRequestBytes + BodySlack;
        kestrel.Limits.MaxConcurrentConnections = server.MaxConnections;
        kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(Math.Min(10, server.RequestTimeout.TotalSeconds));
        if (server.Certificate.Length == 0 && server.CertificateKey.Length == 0)
            return;
        X509Certificate2 certificate = ReadCertificate(server);
        kestrel.ConfigureHttpsDefaults(https => https.ServerCertificate = certificate);
    }

    private static X509Certificate2 ReadCertificate(ServerOptions server)
    {
        if (server.Certificate.Length == 0 || server.CertificateKey.Length == 0)
            throw new UsageException("--certificate and --certificate-key need each other");
        try
        {
            return X509Certificate2.CreateFromPemFile(server.Certificate, server.CertificateKey);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException)
        {
            throw new InvalidFileException(server.Certificate, $"cannot be used with the key {server.CertificateKey}: {failure.Message}", failure);
        }
    }

    private static void RequireKeys(ServerOptions server)
    {
        if (server.KeysFile.Length > 0)
        {
            new KeyFile(server.KeysFile).Read();
            return;
        }

        foreach (string url in server.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string host = BindingAddress.Parse(url).Host;
            if (!host.Equals("localhost", StringComparison.OrdinalIgnoreCase) && !(IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address)))
                throw new UsageException($"{url} is not a loopback address; it needs --keys");
        }
    }
}
