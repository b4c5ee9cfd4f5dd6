using System.CommandLine;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index</c>: galleries on disk.</summary>
internal static class IndexCommand
{
    public static Command Create() => new("index", "Make and keep galleries: embeddings in a folder, durable, checksummed, searched exactly.")
    {
        new IndexImagesCommand("build", "Index images: make the gallery, or go on with it. Kill it anywhere and run it again: it goes on from the last commit; files that have not changed are not embedded again.", createsGallery: true, addsNew: true, replacesChanged: true),
        new IndexImagesCommand("add", "Index images that have no row yet.", createsGallery: false, addsNew: true, replacesChanged: false),
        new IndexImagesCommand("update", "Embed images again whose files have changed.", createsGallery: false, addsNew: false, replacesChanged: true),
        new IndexRemoveCommand(),
        new IndexCompactCommand(),
        new IndexVerifyCommand(),
        new IndexInfoCommand(),
        new IndexExportCommand(),
        new IndexImportCommand(),
    };
}
