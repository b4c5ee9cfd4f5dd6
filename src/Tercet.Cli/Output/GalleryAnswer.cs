using Tercet.Cli.Options;
using Tercet.Galleries;

namespace Tercet.Cli.Output;

/// <summary>Describes a gallery as a table or as JSON.</summary>
internal static class GalleryAnswer
{
    /// <param name="terminal">Where to.</param>
    /// <param name="folder">The gallery's folder.</param>
    /// <param name="snapshot">The commit.</param>
    /// <param name="changed">Rows that the verb dealt with, and what it did with them; null for none.</param>
    /// <param name="hash">Whether to compute the content's checksum, which reads everything.</param>
    public static void Write(Terminal terminal, string folder, GallerySnapshot snapshot, (long Count, string Done)? changed = null, bool hash = false)
    {
        GallerySchema schema = snapshot.Schema;
        GalleryJson answer = new()
        {
            Gallery = folder,
            Rows = snapshot.Count,
            Generation = snapshot.Generation,
            Dimension = schema.Dimension,
            Cells = snapshot.Cells,
            Metric = GalleryOption.NameOf(schema.Metric),
            Element = schema.Element == GalleryElement.Float16 ? "float16" : "float32",
            Normalized = schema.Normalized,
            ModelSha256 = schema.ModelSha256,
            Preprocessing = schema.Preprocessing,
            ContentHash = hash ? snapshot.ContentHash() : null,
            Changed = changed?.Count,
        };
        if (terminal.IsJson)
        {
            Terminal.WriteJson(answer, JsonTypes.Default.GalleryJson);
            return;
        }

        FactTable table = new();
        table.Add("gallery", $"{folder}: {answer.Rows:N0} rows × {answer.Dimension}, commit {answer.Generation}");
        table.Add("rows", $"{answer.Element}, {answer.Metric}{(schema.Normalized ? ", unit length" : "")}");
        if (answer.Cells > 0)
            table.Add("cells", $"{answer.Cells:N0}");
        if (schema.ModelSha256.Length > 0)
            table.Add("model", schema.ModelSha256);
        if (schema.Preprocessing.Length > 0)
            table.Add("images", schema.Preprocessing);
        if (changed is { } done)
            table.Add(done.Done, $"{done.Count:N0} rows");
        if (answer.ContentHash is { } content)
            table.Add("content", content);
        table.Write(terminal.Out);
    }
}
