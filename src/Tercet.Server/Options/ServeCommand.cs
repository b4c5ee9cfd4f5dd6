using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Tercet.Cli;
using Tercet.Cli.Options;
using Tercet.Extensions;

namespace Tercet.Server.Options;

/// <summary><c>tercet-server</c>: serves a model.</summary>
internal sealed class ServeCommand : ServerVerb
{
    private readonly ModelSettings _model;
    private readonly Option<string> _settings = OptionOf.Path("--settings", "A JSON file with the sections Tercet, Server, Kestrel and Logging; options given here come before it.");
    private readonly Option<string> _urls = OptionOf.Text("--urls", "Where to listen, several separated by semicolons. An address that is not loopback needs --keys. Default http://127.0.0.1:8080.", "URLS");
    private readonly Option<string> _keys = OptionOf.Path("--keys", "The file of API keys, made by 'tercet-server key add'. It is read again when it changes.");
    private readonly Option<string> _gallery = OptionOf.Path("--gallery", "A gallery of this model's embeddings, for /search and /verify.", helpName: "FOLDER");
    private readonly Option<string> _certificate = OptionOf.Path("--certificate", "PEM file with the certificate chain for https addresses.");
    private readonly Option<string> _certificateKey = OptionOf.Path("--certificate-key", "PEM file with its private key.");
    private readonly Option<int?> _concurrency = OptionOf.Count("--concurrency", "Requests of one key at the same time. Default 64.", 1, 1 << 20);
    private readonly Option<int?> _maxRequest = OptionOf.Count("--max-request", "Largest body of a request in MiB. Default 32.", 1, 1024);
    private readonly Option<int?> _timeout = OptionOf.Count("--timeout", "Seconds that a request may take. Default 30.", 1, 3600);
    private readonly Option<bool> _trustModel = OptionOf.Flag("--trust-model", "Open the model without trying it in a process of its own first.");

    public ServeCommand()
        : base("tercet-server", "Serve an embedding model: Open Inference Protocol v2, /embed, /mine, /search, /verify, and a page at /.")
    {
        _model = new ModelSettings(this);
        foreach (Option option in (Option[])[_settings, _urls, _keys, _gallery, _certificate, _certificateKey, _concurrency, _maxRequest, _timeout, _trustModel])
            Add(option);
    }

    public override int Execute(ParseResult parse)
    {
        // ONNX Runtime keeps weights and activations where the C library puts them: in large pages a model stays fast while the system looks which pages are in use.
        Handover.AgainWith("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
        IConfiguration settings = ReadSettings(parse.GetValue(_settings));
        TercetOptions model = new();
        settings.GetSection("Tercet").Bind(model);
        _model.Apply(parse, model);
        ServerOptions server = new();
        settings.GetSection("Server").Bind(server);
        Apply(parse, server);
        if (model.ModelPath.Length == 0)
            throw new UsageException("--model is missing");
        if (!server.TrustModel)
            ModelCheck.Run(model);
        using WebApplication app = ServerHost.Build(model, server, settings);
        app.Run();
        return ExitCode.Ok;
    }

    private void Apply(ParseResult parse, ServerOptions options)
    {
        options.Urls = parse.GetValue(_urls) ?? options.Urls;
        options.KeysFile = parse.GetValue(_keys) ?? options.KeysFile;
        options.Gallery = parse.GetValue(_gallery) ?? options.Gallery;
        options.Certificate = parse.GetValue(_certificate) ?? options.Certificate;
        options.CertificateKey = parse.GetValue(_certificateKey) ?? options.CertificateKey;
        options.ConcurrencyPerKey = parse.GetValue(_concurrency) ?? options.ConcurrencyPerKey;
        options.MaxRequestBytes = parse.GetValue(_maxRequest) is { } mebibytes ? (long)mebibytes << 20 : options.MaxRequestBytes;
        options.RequestTimeout = parse.GetValue(_timeout) is { } seconds ? TimeSpan.FromSeconds(seconds) : options.RequestTimeout;
        options.TrustModel |= parse.GetValue(_trustModel);
    }

    private static IConfiguration ReadSettings(string? path)
    {
        ConfigurationBuilder builder = new();
        if (path is null)
            return builder.Build();
        try
        {
            return builder.AddJsonFile(Path.GetFullPath(path)).Build();
        }
        catch (Exception failure) when (failure is InvalidDataException or FormatException)
        {
            throw new InvalidFileException(path, failure.InnerException?.Message ?? failure.Message, failure);
        }
    }
}
