using System.Globalization;
using System.Text.Json;
using Npgsql;
using Tercet.Galleries.Exchange;

namespace Tercet.Galleries.Tests;

/// <summary>What is exported is read by the programs that it is for, and every value of every row is compared.</summary>
public sealed class ExportTests : IDisposable
{
    private const int Rows = 700;

    private readonly TestGallery _test = new();
    private readonly Gallery _gallery;
    private readonly GallerySnapshot _snapshot;

    public ExportTests()
    {
        _gallery = _test.Create();
        using GalleryWriter writer = _gallery.OpenWriter();
        TestGallery.Add(writer, 3, Rows);
        writer.Remove(100);
        writer.Put(5000, TestGallery.Vector(5000), new GalleryRowFacts { Label = "say \"hi\",\nthen\tgo \\. {x}", Source = "NULL" });
        writer.Put(long.MaxValue - 1, [1e-30f, -3.4e38f / 1e22f, float.Epsilon, 0, -0f, 1 / 3f, 1e10f, 16777217, 0.1f, -1, 2, 3]);
        writer.Commit();
        _gallery.Reload();
        _snapshot = _gallery.Snapshot();
    }

    public void Dispose()
    {
        _snapshot.Dispose();
        _gallery.Dispose();
        _test.Dispose();
    }

    [Fact]
    public async Task Parquet_ReadByDuckDb_HoldsEveryColumn()
    {
        string path = PathOf("rows.parquet");
        Assert.Equal(Rows + 1, await GalleryParquet.ExportAsync(_snapshot, path, TestContext.Current.CancellationToken));
        AssertRows(Readers.DuckDb($"SELECT id, label, source, epoch_ms(time) AS time, lower(hex(digest)) AS digest, vector FROM '{path}'"), element => element.EnumerateArray().Select(value => value.GetSingle()));

        Dictionary<string, string?> types = Readers.DuckDb($"DESCRIBE SELECT * FROM '{path}'").EnumerateArray().ToDictionary(column => column.GetProperty("column_name").GetString()!, column => column.GetProperty("column_type").GetString());
        Assert.Equal("BIGINT VARCHAR VARCHAR TIMESTAMP WITH TIME ZONE BLOB FLOAT[]", string.Join(' ', ((string[])["id", "label", "source", "time", "digest", "vector"]).Select(name => types[name])));
        Dictionary<string, string?> metadata = Readers.DuckDb($"SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('{path}')").EnumerateArray().ToDictionary(pair => pair.GetProperty("key").GetString()!, pair => pair.GetProperty("value").GetString());
        Assert.Equal(("12", "SquaredEuclidean", new string('a', 64)), (metadata["tercet.dimension"], metadata["tercet.metric"], metadata["tercet.model_sha256"]));
    }

    [Fact]
    public void Csv_ReadByDuckDb_HoldsEveryColumn()
    {
        string path = PathOf("rows.csv");
        Assert.Equal(Rows + 1, GalleryCsv.Export(_snapshot, path));
        AssertRows(
            Readers.DuckDb($"SELECT id, label, source, epoch_ms(time) AS time, substr(digest, 3) AS digest, vector FROM read_csv('{path}', header = true, types = {{'id': 'BIGINT', 'time': 'TIMESTAMPTZ', 'vector': 'FLOAT[]'}}, all_varchar = false, force_not_null = ['label', 'source'])"),
            element => element.EnumerateArray().Select(value => value.GetSingle()));
    }

    [Fact]
    public async Task Csv_CopiedIntoPgvector_HoldsEveryColumnAndFindsTheSameRows()
    {
        string path = PathOf("rows.csv");
        GalleryCsv.Export(_snapshot, path);
        await Readers.Postgres(async (connection, copy) =>
        {
            await using (NpgsqlCommand create = new($"CREATE TABLE faces (id bigint PRIMARY KEY, label text NOT NULL, source text NOT NULL, time timestamptz NOT NULL, digest bytea, vector vector({TestGallery.Dimension}) NOT NULL)", connection))
                await create.ExecuteNonQueryAsync();
            await copy("faces", path);

            await using (NpgsqlCommand read = new("SELECT json_agg(json_build_object('id', id::text, 'label', label, 'source', source, 'time', (extract(epoch FROM time) * 1000)::bigint::text, 'digest', encode(digest, 'hex'), 'vector', vector::text) ORDER BY id)::text FROM faces", connection))
                AssertRows(JsonDocument.Parse((string)(await read.ExecuteScalarAsync())!).RootElement, element => element.GetString()!.Trim('[', ']').Split(',').Select(text => float.Parse(text, CultureInfo.InvariantCulture)));

            GalleryNeighbor[] expected = new GalleryNeighbor[9];
            foreach (int seed in (int[])[1, 2, 3])
            {
                float[] query = TestGallery.Vector(seed, 9);
                _snapshot.Search(query, expected);
                await using NpgsqlCommand search = new($"SELECT array_agg(id) FROM (SELECT id FROM faces ORDER BY vector <-> '[{string.Join(',', query.Select(value => value.ToString("R", CultureInfo.InvariantCulture)))}]', id LIMIT {expected.Length})", connection);
                Assert.Equal(expected.Select(neighbor => neighbor.Id), (long[])(await search.ExecuteScalarAsync())!);
            }
        });
    }

    [Fact]
    public void Csv_WithACharacterThatPostgresHasNot_IsRefusedAndLeavesTheOldFile()
    {
        string path = PathOf("rows.csv");
        File.WriteAllText(path, "old");
        using (GalleryWriter writer = _gallery.OpenWriter())
        {
            writer.Put(1, TestGallery.Vector(1), new GalleryRowFacts { Label = "a\0b" });
            writer.Commit();
        }

        _gallery.Reload();
        using GallerySnapshot snapshot = _gallery.Snapshot();
        Assert.Contains("row", Assert.Throws<TercetException>(() => GalleryCsv.Export(snapshot, path)).Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(path));
    }

    [Fact]
    public async Task Parquet_OfAnEmptyGallery_IsAFileWithoutRows()
    {
        using TestGallery empty = new();
        using Gallery gallery = empty.Create();
        using GallerySnapshot snapshot = gallery.Snapshot();
        string path = PathOf("empty.parquet");
        Assert.Equal(0, await GalleryParquet.ExportAsync(snapshot, path, TestContext.Current.CancellationToken));
        Assert.Equal("0", Readers.DuckDb($"SELECT count(*) AS n FROM '{path}'")[0].GetProperty("n").ToString());
    }

    private string PathOf(string name) => Path.Combine(Path.GetDirectoryName(_test.Folder)!, name);

    private void AssertRows(JsonElement actual, Func<JsonElement, IEnumerable<float>> vector)
    {
        Assert.Equal(_snapshot.Count, actual.GetArrayLength());
        foreach ((GalleryRow row, JsonElement found) in _snapshot.Rows().Zip(actual.EnumerateArray()))
        {
            string? digest = row.Digest.ContainsAnyExcept((byte)0) ? Convert.ToHexStringLower(row.Digest) : null;
            Assert.Equal(
                (row.Id.ToString(CultureInfo.InvariantCulture), row.Label, row.Source, row.Time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), digest),
                (found.GetProperty("id").ToString(), found.GetProperty("label").GetString(), found.GetProperty("source").GetString(), found.GetProperty("time").ToString(), found.GetProperty("digest").GetString()));
            Assert.Equal(row.Vector.ToArray().Select(value => value == 0 ? 0 : BitConverter.SingleToInt32Bits(value)), vector(found.GetProperty("vector")).Select(value => value == 0 ? 0 : BitConverter.SingleToInt32Bits(value)));
        }
    }
}
