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
        : base("compact", "Write all segments anew as few large ones, without the rows that were removed. Needs room for them beside the old ones.")
    {
        Add(_gallery);
        Add(Json);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        using Gallery gallery = Gallery.Open(parse.GetRequiredValue(_gallery));
        using GalleryWriter writer = gallery.OpenWriter();
        writer.Compact();
        using GallerySnapshot after = writer.Snapshot();
        GalleryAnswer.Write(terminal, gallery.Folder, after);
    }
}
