using Tercet.Interchange;
using Tercet.Mining;

namespace Tercet.Cli.Input;

/// <summary>The rows of a mining call: a batch, or anchors and a gallery.</summary>
internal sealed class MiningFiles : IDisposable
{
    private MiningFiles(LabelledRows anchors, GalleryRows? gallery)
    {
        Anchors = anchors;
        Gallery = gallery;
    }

    public LabelledRows Anchors { get; }

    /// <summary>The gallery; null in the square form.</summary>
    public GalleryRows? Gallery { get; }

    /// <summary>The rows as the engine takes them.</summary>
    public MiningInput Input => Gallery is null
        ? MiningInput.Batch(Anchors.Matrix.Span, Anchors.Labels.Values)
        : MiningInput.AgainstGallery(Anchors.Matrix.Span, Anchors.Labels.Values, Gallery.Rows, Gallery.Labels.Values);

    /// <summary>The files' names, for messages.</summary>
    public string Names => Gallery is null ? Anchors.Path : $"{Anchors.Path} against {Gallery.Path}";

    /// <summary>Opens the files; string labels of both share one encoder.</summary>
    /// <exception cref="TercetException">A file cannot be read, or the files do not fit together.</exception>
    public static MiningFiles Load(string embeddings, string labels, string? gallery, string? galleryLabels)
    {
        LabelEncoder encoder = new();
        LabelledRows anchors = LabelledRows.Load(embeddings, labels, encoder);
        if (gallery is null || galleryLabels is null)
            return new MiningFiles(anchors, null);
        GalleryRows? rows = null;
        try
        {
            rows = GalleryRows.Load(gallery, galleryLabels, encoder);
            if (rows.Rows.Width != anchors.Matrix.Columns)
                throw new InvalidFileException(gallery, $"{rows.Rows.Width} columns where {embeddings} has {anchors.Matrix.Columns}");
            if (rows.Labels.Encoder is null != anchors.Labels.Encoder is null)
                throw new InvalidFileException(galleryLabels, $"one of {labels} and {galleryLabels} holds integers and the other text; both must be of one kind");
            return new MiningFiles(anchors, rows);
        }
        catch
        {
            rows?.Dispose();
            anchors.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Anchors.Dispose();
        Gallery?.Dispose();
    }
}
