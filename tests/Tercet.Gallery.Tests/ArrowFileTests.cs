using System.Runtime.InteropServices;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;

namespace Tercet.Galleries.Tests;

/// <summary>Segments as the Arrow library reads them.</summary>
public sealed class ArrowFileTests : IDisposable
{
    private readonly TestGallery _test = new();

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData(GalleryElement.Float32)]
    [InlineData(GalleryElement.Float16)]
    public void Segment_ReadByTheArrowLibrary_HoldsEveryColumn(GalleryElement element)
    {
        using Gallery gallery = _test.Create(TestGallery.Schema(element: element));
        using (GalleryWriter writer = gallery.OpenWriter())
            TestGallery.Add(writer, 7, 45);

        using ArrowFileReader reader = new(new MemoryStream(File.ReadAllBytes(Assert.Single(Directory.GetFiles(_test.Folder, "*.arrow")))));
        using RecordBatch batch = reader.ReadNextRecordBatch();

        Assert.Equal(45, batch.Length);
        Assert.Equal(["vector", "id", "label", "source", "time", "digest"], batch.Schema.FieldsList.Select(field => field.Name));
        Assert.Equal(TestGallery.Dimension, Assert.IsType<FixedSizeListType>(batch.Schema.FieldsList[0].DataType).ListSize);
        Assert.Equal(new string('a', 64), batch.Schema.Metadata["tercet.model_sha256"]);
        Assert.Equal("UTC", Assert.IsType<TimestampType>(batch.Schema.FieldsList[4].DataType).Timezone);
        float[] vectors = Assert.IsType<FixedSizeListArray>(batch.Column("vector")).Values is HalfFloatArray halves
            ? halves.Values.ToArray().Select(half => (float)half).ToArray()
            : Assert.IsType<FloatArray>(((FixedSizeListArray)batch.Column("vector")).Values).Values.ToArray();
        for (int row = 0; row < batch.Length; row++)
        {
            long id = 7 + row;
            GalleryRowFacts facts = TestGallery.Facts(id);
            Assert.Equal(id, ((Int64Array)batch.Column("id")).GetValue(row));
            Assert.Equal(facts.Label, ((LargeStringArray)batch.Column("label")).GetString(row));
            Assert.Equal(facts.Source, ((LargeStringArray)batch.Column("source")).GetString(row));
            Assert.Equal(facts.Time, ((TimestampArray)batch.Column("time")).GetTimestamp(row));
            Assert.Equal(facts.Digest, ((Apache.Arrow.Arrays.FixedSizeBinaryArray)batch.Column("digest")).GetBytes(row));
            Assert.Equal(TestGallery.Vector(id), vectors[(row * TestGallery.Dimension)..((row + 1) * TestGallery.Dimension)]);
        }

        Assert.Null(reader.ReadNextRecordBatch());
    }

    [Fact]
    public void Segment_Buffers_BeginAtMultiplesOf64BytesOfTheFile()
    {
        foreach (int rows in (int[])[1, 2, 17, 300])
        {
            Format.ArrowLayout layout = new(TestGallery.Schema() with { Preprocessing = new string('p', rows % 11) }, rows, 13, 5);

            Assert.All(Enum.GetValues<Format.ArrowColumn>(), column => Assert.Equal(0, layout.OffsetOf(column) % 64));
            Assert.Equal(0, MemoryMarshal.Read<int>(layout.Header) - MemoryMarshal.Read<int>("ARRO"u8));
        }
    }
}
