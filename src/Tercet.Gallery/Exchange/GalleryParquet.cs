using System.Globalization;
using Parquet;
using Parquet.Schema;
using Tercet.Interchange;

namespace Tercet.Galleries.Exchange;

/// <summary>Galleries as Apache Parquet files.</summary>
public static class GalleryParquet
{
    private const int GroupFloats = 1 << 22;
    private const int GroupRows = 1 << 16;

    private static readonly DataField<long> Id = new("id");
    private static readonly DataField Label = new("label", typeof(string), isNullable: false);
    private static readonly DataField Source = new("source", typeof(string), isNullable: false);
    private static readonly DateTimeDataField Time = new("time", DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Millis);
    private static readonly DataField Digest = new("digest", typeof(byte[]), isNullable: true);
    private static readonly DataField<float> Component = new("element");
    private static readonly ParquetSchema Columns = new(Id, Label, Source, Time, Digest, new ListField("vector", Component));

    /// <summary>
    /// Writes all rows in order of id: <c>id</c> int64, <c>label</c> and <c>source</c> UTF-8, <c>time</c> in milliseconds of UTC, <c>digest</c> bytes or null, <c>vector</c> a list of
    /// D float32. The schema is in the file's metadata under <c>tercet.…</c>. The file is written whole or not at all; memory does not grow with the number of rows.
    /// </summary>
    /// <param name="snapshot">The rows.</param>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Stops between groups of rows; an old file stays as it was.</param>
    /// <returns>Number of rows.</returns>
    /// <exception cref="TercetException">The file cannot be written, or a block of the gallery is damaged.</exception>
    public static async Task<long> ExportAsync(GallerySnapshot snapshot, string path, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using AtomicFile file = new(path);
        try
        {
            ParquetWriter writer = await ParquetWriter.CreateAsync(Columns, file.Stream, new ParquetOptions { CompressionMethod = CompressionMethod.Snappy }, cancellationToken: cancellationToken).ConfigureAwait(false);
            await using (writer.ConfigureAwait(false))
            {
                writer.CustomMetadata = Describe(snapshot.Schema);
                foreach (GalleryRow[] rows in snapshot.Rows().Chunk(Math.Clamp(GroupFloats / snapshot.Schema.Dimension, 1, GroupRows)))
                    await WriteGroup(writer, rows, snapshot.Schema.Dimension, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (IOException failure)
        {
            throw new TercetException($"{path}: cannot be written: {failure.Message}".ReplaceLineEndings(" "), failure);
        }

        file.Commit();
        return snapshot.Count;
    }

    private static async Task WriteGroup(ParquetWriter writer, GalleryRow[] rows, int dimension, CancellationToken cancellationToken)
    {
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        await group.WriteAsync<long>(Id, rows.Select(row => row.Id).ToArray(), cancellationToken: cancellationToken).ConfigureAwait(false);
        await group.WriteAsync(Label, rows.Select(row => row.Label).ToArray()).ConfigureAwait(false);
        await group.WriteAsync(Source, rows.Select(row => row.Source).ToArray()).ConfigureAwait(false);
        await group.WriteAsync<DateTime>(Time, rows.Select(row => row.Time.UtcDateTime).ToArray(), cancellationToken: cancellationToken).ConfigureAwait(false);
        await group.WriteAsync(Digest, rows.Select(row => row.HasDigest ? row.Digest.ToArray() : null!).ToArray()).ConfigureAwait(false);

        // Every component is there, and a list begins where the repetition level is 0.
        float[] components = new float[rows.Length * dimension];
        int[] presence = new int[components.Length], levels = new int[components.Length];
        presence.AsSpan().Fill(Component.MaxDefinitionLevel);
        levels.AsSpan().Fill(Component.MaxRepetitionLevel);
        for (int row = 0; row < rows.Length; row++)
        {
            rows[row].Vector.CopyTo(components.AsSpan(row * dimension));
            levels[row * dimension] = 0;
        }

        await group.WriteAllPartsAsync<float>(Component, components, presence, levels, cancellationToken).ConfigureAwait(false);
    }

    private static Dictionary<string, string> Describe(GallerySchema schema) => new()
    {
        ["tercet.dimension"] = schema.Dimension.ToString(CultureInfo.InvariantCulture),
        ["tercet.metric"] = schema.Metric.ToString(),
        ["tercet.normalized"] = schema.Normalized ? "true" : "false",
        ["tercet.model_sha256"] = schema.ModelSha256,
        ["tercet.preprocessing"] = schema.Preprocessing,
    };
}
