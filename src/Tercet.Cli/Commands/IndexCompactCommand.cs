using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index compact</c>: segments written anew, without removed rows.</summary>
internal sealed class IndexCompactCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();

    public IndexCompactCommand()
        : base("compact", "Write all segments anew as few large ones, without the rows that were removed, those of 50,000 rows or more with k-means cells. Needs room for them beside the old ones; interrupt it, and the gallery is as it was.")
    {
        Add(_gallery);
        Add(Json);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        using Gallery gallery = Gallery.Open(parse.GetRequiredValue(_gallery));
        using GalleryWriter writer = gallery.OpenWriter();
        terminal.WithProgress("making cells", report => writer.Compact(new Share(report), cancellationToken));
        using GallerySnapshot after = writer.Snapshot();
        GalleryAnswer.Write(terminal, gallery.Folder, after);
    }

    private sealed class Share(Action<int, int> report) : IProgress<double>
    {
        private const int Parts = 1000;

        public void Report(double value) => report((int)(value * Parts), Parts);
    }
}
