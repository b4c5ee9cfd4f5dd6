using System.CommandLine;
using System.Globalization;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index remove</c>: rows by id, by label or by source, in one commit.</summary>
internal sealed class IndexRemoveCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<string[]> _ids = new("--id") { Description = "Ids to remove.", HelpName = "N", AllowMultipleArgumentsPerToken = true };
    private readonly Option<string> _label = OptionOf.Text("--label", "Remove all rows of this label.", "LABEL");
    private readonly Option<string> _source = OptionOf.Text("--source", "Remove all rows whose source begins like this.", "PATH");

    public IndexRemoveCommand()
        : base("remove", "Remove rows from a gallery, all of them or none.")
    {
        foreach (Option option in (Option[])[_gallery, _ids, _label, _source, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string? label = parse.GetValue(_label);
        string? source = parse.GetValue(_source);
        long[] ids = [.. (parse.GetValue(_ids) ?? []).Select(Parse)];
        if (label is null && source is null && ids.Length == 0)
            throw new UsageException("--id, --label or --source is needed");
        using Gallery gallery = Gallery.Open(parse.GetRequiredValue(_gallery));
        using GalleryWriter writer = gallery.OpenWriter();
        long removed = ids.LongCount(writer.Remove);
        if (label is not null || source is not null)
        {
            using GallerySnapshot before = writer.Snapshot();
            foreach (GalleryRow row in before.Rows())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if ((label is null || row.Label == label) && (source is null || row.Source.StartsWith(source, StringComparison.Ordinal)) && writer.Remove(row.Id))
                    removed++;
            }
        }

        writer.Commit();
        using GallerySnapshot after = writer.Snapshot();
        GalleryAnswer.Write(terminal, gallery.Folder, after, (removed, "removed"));
    }

    private static long Parse(string token) => long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out long id)
        ? id
        : throw new UsageException($"--id {token}: a whole number of 0 or more is needed");
}
