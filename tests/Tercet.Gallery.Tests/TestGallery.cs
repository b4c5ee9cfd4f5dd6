using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tercet.Search;

namespace Tercet.Galleries.Tests;

/// <summary>A gallery in a folder of its own, and rows that follow from their numbers.</summary>
internal sealed class TestGallery : IDisposable
{
    public const int Dimension = 12;

    private static readonly string[] Labels = ["ann", "bob", "Zoë", ""];

    public string Folder { get; } = Path.Combine(Directory.CreateTempSubdirectory("tercet-gallery-").FullName, "g");

    public static GallerySchema Schema(SearchMetric metric = SearchMetric.SquaredEuclidean, GalleryElement element = GalleryElement.Float32) =>
        new() { Dimension = Dimension, Metric = metric, Element = element, ModelSha256 = new string('a', 64), Preprocessing = "112x112" };

    /// <summary>The components of a row; every fifth repeats another, so that distances tie.</summary>
    public static float[] Vector(long id, int version = 0, int dimension = Dimension)
    {
        var random = new Random((int)((id % 5 == 4 ? id - 1 : id) + (1000003L * version)));
        return [.. Enumerable.Range(0, dimension).Select(_ => (float)(Half)((random.NextSingle() * 2) - 1))];
    }

    public static GalleryRowFacts Facts(long id, int version = 0) => new()
    {
        Label = Labels[id % Labels.Length],
        Source = string.Create(CultureInfo.InvariantCulture, $"faces/{id}.{version}.jpg"),
        Time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123 + id),
        Digest = SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id} {version}"))),
    };

    public Gallery Create(GallerySchema? schema = null, GalleryOptions? options = null) => Gallery.Create(Folder, schema ?? Schema(), options);

    /// <summary>Adds rows in one commit.</summary>
    public static void Add(GalleryWriter writer, long first, int count, int version = 0)
    {
        for (long id = first; id < first + count; id++)
            writer.Put(id, Vector(id, version, writer.Schema.Dimension), Facts(id, version));
        writer.Commit();
    }

    /// <summary>The definition of a search: every row's distance in float64, ordered by it and then by id.</summary>
    public static GalleryNeighbor[] Nearest(GallerySnapshot snapshot, float[] query, int k)
    {
        List<(double Key, long Id)> keys = [];
        foreach (GalleryRow row in snapshot.Rows())
            keys.Add((Key(row.Vector, query, snapshot.Schema.Metric), row.Id));
        keys.Sort();
        return [.. Enumerable.Range(0, k).Select(i => i < keys.Count
            ? new GalleryNeighbor(keys[i].Id, (float)(snapshot.Schema.Metric == SearchMetric.Euclidean ? Math.Sqrt(keys[i].Key) : keys[i].Key))
            : GalleryNeighbor.None)];
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(Folder)!, recursive: true);

    private static double Key(ReadOnlySpan<float> x, float[] y, SearchMetric metric)
    {
        double squares = 0, dot = 0, xx = 0, yy = 0;
        for (int k = 0; k < y.Length; k++)
        {
            squares += ((double)x[k] - y[k]) * ((double)x[k] - y[k]);
            dot += (double)x[k] * y[k];
            xx += (double)x[k] * x[k];
            yy += (double)y[k] * y[k];
        }

        return metric switch
        {
            SearchMetric.InnerProduct => 0 - dot,
            SearchMetric.Cosine => xx * yy == 0 ? 1 : 1 - (dot / (Math.Sqrt(yy) * Math.Sqrt(xx))),
            _ => squares,
        };
    }
}
