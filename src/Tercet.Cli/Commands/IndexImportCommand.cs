using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;
using Tercet.Galleries.Exchange;
using Tercet.Interchange;
using Tercet.Search;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index import</c>: NumPy's files to a gallery.</summary>
internal sealed class IndexImportCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<string> _embeddings = OptionOf.Path("--embeddings", "The rows: a .npy file of shape [N, D], float16, float32 or float64.", required: true);
    private readonly Option<string> _ids = OptionOf.Path("--ids", "Their ids: a .npy file of N integers, 0 or more. Default: their numbers. A row whose id is taken is replaced.");
    private readonly Option<string> _labels = OptionOf.Path("--labels", "Their labels: a text file with one label a line. Default: none.");
    private readonly Option<string> _sha256 = OptionOf.Text("--model-sha256", "The SHA-256 of the model that made them; fixed when the gallery is made. Default: not known.", "HEX");
    private readonly Option<SearchMetric?> _metric = GalleryOption.Metric();
    private readonly Option<bool> _normalize = OptionOf.Flag("--normalize", "Scale every row to unit length; fixed when the gallery is made.");
    private readonly Option<bool> _half = OptionOf.Flag("--float16", "Store float16: half the size, rounded to 11 bits; fixed when the gallery is made.");

    public IndexImportCommand()
        : base("import", "Add the rows of .npy files to a gallery, which is made where there is none.")
    {
        foreach (Option option in (Option[])[_gallery, _embeddings, _ids, _labels, _sha256, _metric, _normalize, _half, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string folder = parse.GetRequiredValue(_gallery);
        string embeddings = parse.GetRequiredValue(_embeddings);
        NpyHeader header = NpyFile.ReadHeader(embeddings);
        bool exists = File.Exists(Path.Combine(folder, "manifest"));
        GallerySchema? own = null;
        if (exists)
        {
            using Gallery there = Gallery.Open(folder);
            own = there.Schema;
        }

        GallerySchema offered = new()
        {
            Dimension = (int)Math.Min(header.Columns, int.MaxValue),
            Metric = parse.GetValue(_metric) ?? own?.Metric ?? SearchMetric.SquaredEuclidean,
            Normalized = parse.GetValue(_normalize) || own?.Normalized == true,
            Element = parse.GetValue(_half) ? GalleryElement.Float16 : own?.Element ?? GalleryElement.Float32,
            ModelSha256 = parse.GetValue(_sha256)?.ToLowerInvariant() ?? own?.ModelSha256 ?? "",
            Preprocessing = own?.Preprocessing ?? "",
        };
        using Gallery gallery = exists ? Gallery.Open(folder) : Gallery.Create(folder, offered);
        using GalleryWriter writer = gallery.OpenWriter();
        writer.Require(offered);
        long count = FailureText.About(embeddings, () => GalleryNpy.Import(writer, embeddings, parse.GetValue(_ids), parse.GetValue(_labels), cancellationToken));
        using GallerySnapshot snapshot = writer.Snapshot();
        GalleryAnswer.Write(terminal, gallery.Folder, snapshot, (count, "imported"));
    }
}
