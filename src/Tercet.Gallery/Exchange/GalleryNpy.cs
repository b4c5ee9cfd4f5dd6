using CommunityToolkit.HighPerformance;
using Tercet.Interchange;
using Tercet.Memory;

namespace Tercet.Galleries.Exchange;

/// <summary>Galleries to and from NumPy's files. What is in memory does not grow with the number of rows.</summary>
public static class GalleryNpy
{
    private const int CommitRows = 1 << 16;

    /// <summary>Writes all rows in order of id, each file whole or not at all.</summary>
    /// <param name="snapshot">The rows.</param>
    /// <param name="vectorsPath">Receives float32 <c>[N, D]</c>.</param>
    /// <param name="idsPath">Receives int64 <c>[N]</c>; null for none.</param>
    /// <param name="labelsPath">Receives UTF-8 text, one label a line; null for none.</param>
    /// <returns>Number of rows.</returns>
    /// <exception cref="TercetException">A file cannot be written, a block of the gallery is damaged, or a label is empty or holds a line break.</exception>
    public static long Export(GallerySnapshot snapshot, string vectorsPath, string? idsPath = null, string? labelsPath = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using NpyWriter vectors = new(vectorsPath, NpyDataType.F4, snapshot.Schema.Dimension);
        using NpyWriter? ids = idsPath is null ? null : new NpyWriter(idsPath, NpyDataType.I8, null);
        foreach (GalleryRow row in snapshot.Rows())
        {
            vectors.Write(row.Vector);
            ids?.Write<long>([row.Id]);
        }

        if (labelsPath is not null)
            WriteLabels(snapshot, labelsPath);
        vectors.Complete();
        ids?.Complete();
        return snapshot.Count;
    }

    /// <summary>Adds the rows of a matrix, or replaces those whose ids are taken; a commit every 65,536 rows. Can be run again after it was cut short.</summary>
    /// <param name="writer">The gallery.</param>
    /// <param name="vectorsPath">float32 <c>[N, D]</c>, mapped; float16 and float64 are read.</param>
    /// <param name="idsPath">Integers <c>[N]</c>, 0 or more; null gives each row its number.</param>
    /// <param name="labelsPath">One label a line, <c>[N]</c>; null gives empty labels.</param>
    /// <param name="cancellationToken">Stops between commits.</param>
    /// <returns>Number of rows.</returns>
    /// <exception cref="TercetException">A file cannot be read or does not fit the others, or the gallery cannot be written.</exception>
    /// <exception cref="ArgumentException">A row cannot be searched: see <see cref="GalleryWriter.Put"/>.</exception>
    public static long Import(GalleryWriter writer, string vectorsPath, string? idsPath = null, string? labelsPath = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(writer);
        NpyHeader header = NpyFile.ReadHeader(vectorsPath);
        long[]? ids = idsPath is null ? null : NpyFile.ReadLabels(idsPath);
        string[]? labels = labelsPath is null ? null : LabelFile.Read(labelsPath);
        if (header.Rank != 2 || header.Columns != writer.Schema.Dimension)
            throw new InvalidFileException(vectorsPath, $"shape {header.ShapeText} where rows of {writer.Schema.Dimension} are wanted");
        if (ids is not null && ids.Length != header.Rows)
            throw new InvalidFileException(idsPath!, $"{ids.Length} ids for the {header.Rows} rows of {vectorsPath}");
        if (labels is not null && labels.Length != header.Rows)
            throw new InvalidFileException(labelsPath!, $"{labels.Length} labels for the {header.Rows} rows of {vectorsPath}");
        if (ids is not null && ids.AsSpan().IndexOfAnyInRange(long.MinValue, -1) is >= 0 and int negative)
            throw new InvalidFileException(idsPath!, $"the id {ids[negative]} of row {negative} is negative");

        using MappedMatrix? mapped = header.Type == NpyDataType.F4 && header.DataOffset % sizeof(float) == 0 ? NpyFile.MapMatrix(vectorsPath) : null;
        using PinnedMatrix? read = mapped is null ? NpyFile.ReadMatrix(vectorsPath) : null;
        for (int row = 0; row < header.Rows; row++)
        {
            ReadOnlySpan2D<float> rows = mapped is null ? read!.Span : mapped.Span;
            writer.Put(ids is null ? row : ids[row], rows.GetRowSpan(row), new GalleryRowFacts { Label = labels is null ? "" : labels[row] });
            if (writer.PendingCount < CommitRows)
                continue;
            writer.Commit();
            cancellationToken.ThrowIfCancellationRequested();
        }

        writer.Commit();
        return header.Rows;
    }

    private static void WriteLabels(GallerySnapshot snapshot, string path) => AtomicFile.Write(path, stream =>
    {
        using StreamWriter lines = new(stream, leaveOpen: true) { NewLine = "\n" };
        foreach (GalleryRow row in snapshot.Rows())
            lines.WriteLine(LabelOf(row, path));
    });

    private static string LabelOf(GalleryRow row, string path) =>
        row.Label is { Length: > 0 } label && label.AsSpan().Trim().Length == label.Length && !label.AsSpan().ContainsAny('\n', '\r', '\0')
            ? label
            : throw new TercetException($"{path}: the label of row {row.Id} ('{row.Label.ReplaceLineEndings(" ")}') is empty, has white space around it, or holds a line break, and cannot be written as a line");
}
