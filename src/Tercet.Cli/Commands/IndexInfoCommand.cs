using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index info</c>: what a gallery is.</summary>
internal sealed class IndexInfoCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<bool> _hash = OptionOf.Flag("--content-hash", "Also compute the checksum of all rows, which does not depend on the commits and segments that they came in.");

    public IndexInfoCommand()
        : base("info", "Show what a gallery is.")
    {
        foreach (Option option in (Option[])[_gallery, _hash, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        using Gallery gallery = Gallery.Open(parse.GetRequiredValue(_gallery));
        using GallerySnapshot snapshot = gallery.Snapshot();
        GalleryAnswer.Write(terminal, gallery.Folder, snapshot, hash: parse.GetValue(_hash));
    }
}
