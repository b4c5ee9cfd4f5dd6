using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;
using Tercet.Galleries.Exchange;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index export</c>: a gallery to files of other programs.</summary>
internal sealed class IndexExportCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<string> _out = OptionOf.Path("--out", "Where to write the rows in order of id: .npy, float32 [N, D]; .parquet or .csv, every column (.csv as PostgreSQL's COPY with pgvector reads it).", required: true);
    private readonly Option<string> _ids = OptionOf.Path("--ids-out", "With .npy, where to write their ids: .npy, int64 [N].");
    private readonly Option<string> _labels = OptionOf.Path("--labels-out", "With .npy, where to write their labels, one a line.");

    public IndexExportCommand()
        : base("export", "Write a gallery as .npy, Parquet or CSV. (Its segments are Arrow IPC files, which Polars and the Arrow libraries read as they are.)")
    {
        foreach (Option option in (Option[])[_gallery, _out, _ids, _labels, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string path = parse.GetRequiredValue(_out);
        string kind = Path.GetExtension(path).ToLowerInvariant();
        if (kind is not (".npy" or ".parquet" or ".csv"))
            throw new UsageException($"--out {path}: the name must end in .npy, .parquet or .csv");
        if (kind != ".npy" && (parse.GetValue(_ids) ?? parse.GetValue(_labels)) is not null)
            throw new UsageException($"--out {path}: {kind} holds ids and labels itself; leave --ids-out and --labels-out away");
        using Gallery gallery = Gallery.Open(parse.GetRequiredValue(_gallery));
        using GallerySnapshot snapshot = gallery.Snapshot();
        long count = kind switch
        {
            ".parquet" => GalleryParquet.ExportAsync(snapshot, path, cancellationToken).GetAwaiter().GetResult(),
            ".csv" => GalleryCsv.Export(snapshot, path),
            _ => GalleryNpy.Export(snapshot, path, parse.GetValue(_ids), parse.GetValue(_labels)),
        };
        GalleryAnswer.Write(terminal, gallery.Folder, snapshot, (count, "exported"));
    }
}
