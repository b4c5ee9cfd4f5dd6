using System.CommandLine;
using System.Text.Json;
using Tercet.Cli.Options;
using Tercet.Extensions;
using Tercet.Galleries;
using Tercet.Load.Soak;
using Tercet.Load.Targets;
using Tercet.Search;

namespace Tercet.Load.Verbs;

/// <summary><c>soak</c>: a long mixed load on a server, which must not grow.</summary>
internal sealed class SoakVerb : LoadVerb
{
    private readonly Option<double?> _minutes = OptionOf.Number("--minutes", "How long. Default 30.", 0.5, 10_000);
    private readonly Option<double?> _rate = OptionOf.Number("--rate", "Requests a second. Default 100.", 1, 100_000);

    public SoakVerb()
        : base("soak", "Sends a server every kind of request, good and bad, for a long time, looks at its memory, handles and threads, and says whether they have grown. Needs --images. Exit code 1 where they have, or a request ended otherwise than it had to.")
    {
        Add(_minutes);
        Add(_rate);
    }

    public override async Task<int> Execute(ParseResult parse)
    {
        Inputs images = Inputs.FromFolder(ImagesFolder(parse));
        TercetOptions options = ServiceOptions(parse);
        string folder = Directory.CreateTempSubdirectory("tercet-soak").FullName;
        try
        {
            string keys = Path.Combine(folder, "keys.json");
            string key = (await ServerProcess.Ask(Server(parse), "key", "add", "soak", "--keys", keys)).Trim();
            using ServerProcess server = await ServerProcess.Start(Server(parse), [.. ServerArguments(options), "--keys", keys, "--gallery", MakeGallery(options, images.Images!, folder)]);
            using SoakRun run = new(server, key, SoakMixture.Make("model", await Metadata(server, key), images.Images!, key), Say);
            SoakResult result = await run.Run(parse.GetValue(_rate) ?? 100, TimeSpan.FromMinutes(parse.GetValue(_minutes) ?? 30));
            Write(parse, result, Table);
            return result.Marks.All(mark => mark.IsKept) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<JsonElement> Metadata(ServerProcess server, string key)
    {
        using HttpClient http = new() { BaseAddress = server.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        using JsonDocument document = JsonDocument.Parse(await http.GetByteArrayAsync("v2/models/model"));
        return document.RootElement.Clone();
    }

    private static string MakeGallery(TercetOptions options, byte[][] images, string folder)
    {
        using TercetEmbedder embedder = new(options);
        using Gallery gallery = Gallery.Create(Path.Combine(folder, "soak.gallery"), GallerySchema.For(embedder.Model, SearchMetric.SquaredEuclidean, normalized: false));
        using GalleryWriter writer = gallery.OpenWriter();
        float[] row = new float[embedder.Dimension];
        for (int i = 0; i < images.Length; i++)
        {
            embedder.EmbedImage(images[i], row);
            writer.Add(row, new GalleryRowFacts { Label = $"label {i % 5}", Source = $"{i}" });
        }

        writer.Commit();
        return gallery.Folder;
    }

    private static string Table(SoakResult result) => FormattableString.Invariant($"""
        ### Soak: {result.Minutes:0.#} minutes, {result.Sent:#,0} requests

        {new MarkdownTable("minutes", "memory, MiB", "managed heap, MiB", "handles", "threads").Add(result.Windows.Select(window =>
            (object[])[FormattableString.Invariant($"{window.FromSeconds / 60:0.#} to {window.ToSeconds / 60:0.#}"), window.ResidentMebibytes, window.HeapMebibytes, window.Handles, window.Threads]))}
        Medians. The last part against the third:

        {Table(result.Marks)}
        Requests by kind and end: {string.Join(", ", result.Statuses.Select(each => FormattableString.Invariant($"{each.Key} {each.Value:#,0}")))}.
        """);
}
