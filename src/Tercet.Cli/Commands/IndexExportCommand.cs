using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;
using Tercet.Galleries.Exchange;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index export</c>: a gallery to NumPy's files.</summary>
internal sealed class IndexExportCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<string> _out = OptionOf.Path("--out", "Where to write the rows in order of id: .npy, float32 [N, D].", required: true);
    private readonly Option<string> _ids = OptionOf.Path("--ids-out", "Where to write their ids: .npy, int64 [N].");
    private readonly Option<string> _labels = OptionOf.Path("--labels-out", "Where to write their labels, one a line.");

    public IndexExportCommand()
        : base("export", "Write a gallery as .npy files. (Its segments are Arrow IPC files, which Polars and the Arrow libraries read as they are.)")
    {
        foreach (Option option in (Option[])[_gallery, _out, _ids, _labels, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string path = parse.GetRequiredValue(_out);
        if (!path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--out {path}: the name must end in .npy");
        using Gallery gallery = Gallery.Open(parse.GetRequiredValue(_gallery));
        using GallerySnapshot snapshot = gallery.Snapshot();
        long count = GalleryNpy.Export(snapshot, path, parse.GetValue(_ids), parse.GetValue(_labels));
        GalleryAnswer.Write(terminal, gallery.Folder, snapshot, (count, "exported"));
    }
}
