using Tercet.Galleries;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Cli.Input;

/// <summary>Rows to evaluate and their labels: of two files, or of a gallery.</summary>
internal sealed class EvaluatedRows : IDisposable
{
    private EvaluatedRows(PinnedMatrix matrix, long[] labels, string path) => (Matrix, Labels, Path) = (matrix, labels, path);

    /// <summary>The rows, <c>[N, D]</c>.</summary>
    public PinnedMatrix Matrix { get; }

    /// <summary>Their labels, <c>[N]</c>.</summary>
    public long[] Labels { get; }

    /// <summary>Where they came from.</summary>
    public string Path { get; }

    /// <summary>The metric that they were stored for; null where none is known, or pairs have no such distance.</summary>
    public DistanceMetric? Metric { get; private init; }

    /// <summary>Rows of the gallery that have no label and were left out.</summary>
    public long Unlabelled { get; private init; }

    /// <summary>Reads both files.</summary>
    /// <exception cref="TercetException">A file cannot be read, or their row counts differ.</exception>
    public static EvaluatedRows OfFiles(string embeddingsPath, string labelsPath)
    {
        LabelledRows rows = LabelledRows.Load(embeddingsPath, labelsPath);
        return new EvaluatedRows(rows.Matrix, rows.Labels.Values, embeddingsPath);
    }

    /// <summary>Reads the last commit of a gallery; rows without a label are of no known identity and are left out.</summary>
    /// <exception cref="TercetException">It cannot be read, holds too many rows for one matrix, or none with a label.</exception>
    public static EvaluatedRows OfGallery(string folder, CancellationToken cancellationToken)
    {
        using Gallery gallery = Gallery.Open(folder);
        using GallerySnapshot snapshot = gallery.Snapshot();
        LabelEncoder encoder = new();
        List<long> labels = [];
        foreach (GalleryRow row in snapshot.Rows())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!row.LabelUtf8.IsEmpty)
                labels.Add(encoder.Encode(row.Label));
        }

        if (labels.Count == 0)
            throw new TercetException($"{folder}: no row of the gallery has a label; there is nothing to evaluate");
        if ((long)labels.Count * gallery.Schema.Dimension > int.MaxValue)
            throw new TercetException($"{folder}: {labels.Count} labelled rows of {gallery.Schema.Dimension} floats are too many to evaluate at once; at most {int.MaxValue / gallery.Schema.Dimension} rows can be");
        PinnedMatrix matrix = new(labels.Count, gallery.Schema.Dimension);
        int next = 0;
        foreach (GalleryRow row in snapshot.Rows())
        {
            if (!row.LabelUtf8.IsEmpty)
                row.Vector.CopyTo(matrix.Span.GetRowSpan(next++));
        }

        return new EvaluatedRows(matrix, [.. labels], folder) { Metric = MetricOf(gallery.Schema.Metric), Unlabelled = snapshot.Count - labels.Count };
    }

    public void Dispose() => Matrix.Dispose();

    private static DistanceMetric? MetricOf(SearchMetric metric) => metric switch
    {
        SearchMetric.SquaredEuclidean => DistanceMetric.SquaredEuclidean,
        SearchMetric.Euclidean => DistanceMetric.Euclidean,
        SearchMetric.Cosine => DistanceMetric.Cosine,
        _ => null,
    };
}
