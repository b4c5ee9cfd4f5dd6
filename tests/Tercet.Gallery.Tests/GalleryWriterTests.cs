using Tercet.Search;

namespace Tercet.Galleries.Tests;

public sealed class GalleryWriterTests : IDisposable
{
    private readonly TestGallery _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Commit_RowsAndFacts_AreReadBackByAnotherGallery()
    {
        using Gallery gallery = _test.Create();
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 5, 20);
        Assert.Equal(0, gallery.Count);
        Assert.True(gallery.Reload());
        Assert.Equal(20, gallery.Count);
        Assert.Equal(25, writer.Add(TestGallery.Vector(99)));
        Assert.False(gallery.Reload());
        writer.Commit();
        Assert.True(gallery.Reload());
        Assert.False(gallery.Reload());

        using Gallery other = Gallery.Open(_test.Folder);
        using GallerySnapshot snapshot = other.Snapshot();
        Assert.Equal(21, snapshot.Count);
        Assert.Equal(TestGallery.Schema(), snapshot.Schema);
        Assert.Equal(Enumerable.Range(5, 21).Select(id => (long)id), snapshot.Rows().Select(row => row.Id));
        for (long id = 5; id < 25; id++)
        {
            Assert.True(snapshot.TryGet(id, out GalleryRow row));
            GalleryRowFacts facts = TestGallery.Facts(id);
            Assert.Equal(TestGallery.Vector(id), row.Vector);
            Assert.Equal((facts.Label, facts.Source, facts.Time), (row.Label, row.Source, row.Time));
            Assert.Equal(facts.Digest, row.Digest);
        }

        Assert.True(snapshot.TryGet(25, out GalleryRow bare));
        Assert.Equal(("", "", DateTimeOffset.UnixEpoch), (bare.Label, bare.Source, bare.Time));
        Assert.False(snapshot.TryGet(4, out _));
    }

    [Fact]
    public void Snapshot_WhileTheWriterGoesOn_StaysAsItWas()
    {
        using Gallery gallery = _test.Create();
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 400);
        gallery.Reload();
        using GallerySnapshot before = gallery.Snapshot();
        string hash = before.ContentHash();
        GalleryNeighbor[] expected = new GalleryNeighbor[5], found = new GalleryNeighbor[5];
        before.Search(TestGallery.Vector(9), expected);

        writer.Remove(expected[0].Id);
        TestGallery.Add(writer, 1, 200, version: 3);
        writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
        gallery.Reload();

        Assert.Equal(hash, before.ContentHash());
        before.Search(TestGallery.Vector(9), found);
        Assert.Equal(expected, found);
        using GallerySnapshot after = gallery.Snapshot();
        Assert.NotEqual(hash, after.ContentHash());
        Assert.True(after.Generation > before.Generation);
    }

    [Fact]
    public void ContentHash_OneCommitOrMany_IsTheSame()
    {
        using TestGallery other = new();
        using Gallery one = _test.Create(), many = other.Create();
        using GalleryWriter first = one.OpenWriter(), second = many.OpenWriter();
        TestGallery.Add(first, 0, 90);
        for (long id = 84; id >= 0; id -= 6)
            TestGallery.Add(second, id, 6);
        using GallerySnapshot all = first.Snapshot(), parts = second.Snapshot();
        Assert.Equal(all.ContentHash(), parts.ContentHash());
        Assert.True(Directory.GetFiles(other.Folder, "*.arrow").Length < 15, "Small segments were not merged.");

        second.Put(3, TestGallery.Vector(5), TestGallery.Facts(3));
        second.Commit();
        using GallerySnapshot changed = second.Snapshot();
        Assert.NotEqual(all.ContentHash(), changed.ContentHash());
    }

    [Fact]
    public void Remove_WaitingCommittedAndUnknownRows_SaysWhetherThereWasOne()
    {
        using Gallery gallery = _test.Create();
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 10);
        writer.Put(10, TestGallery.Vector(10));
        Assert.True(writer.Put(3, TestGallery.Vector(3, 1)));
        Assert.True(writer.Remove(10));
        Assert.False(writer.Remove(10));
        Assert.True(writer.Remove(3));
        Assert.False(writer.Contains(3));
        Assert.True(writer.Remove(4));
        Assert.False(writer.Remove(4));
        Assert.False(writer.Remove(11));
        writer.Commit();
        using GallerySnapshot snapshot = writer.Snapshot();
        Assert.Equal([0, 1, 2, 5, 6, 7, 8, 9], snapshot.Rows().Select(row => row.Id));
        Assert.Equal(11, writer.Add(TestGallery.Vector(1)));
    }

    [Fact]
    public void Remove_EveryRow_LeavesAnEmptyGallery()
    {
        using Gallery gallery = _test.Create();
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 10);
        for (long id = 0; id < 10; id++)
            writer.Remove(id);
        writer.Commit();
        gallery.Reload();
        Assert.Equal(0, gallery.Count);
        Assert.Empty(Directory.GetFiles(_test.Folder, "*.arrow"));
    }

    [Fact]
    public void OpenWriter_WhileAnotherHasIt_NamesTheOwner()
    {
        using Gallery gallery = _test.Create();
        using (GalleryWriter writer = gallery.OpenWriter())
        {
            GalleryLockedException failure = Assert.Throws<GalleryLockedException>(gallery.OpenWriter);
            Assert.Contains($"process {Environment.ProcessId} ", failure.Owner, StringComparison.Ordinal);
            Assert.Contains("(alive)", failure.Owner, StringComparison.Ordinal);
        }

        gallery.OpenWriter().Dispose();
    }

    [Fact]
    public void Require_AnotherModelOrForm_IsRefused()
    {
        using Gallery gallery = _test.Create();
        using GalleryWriter writer = gallery.OpenWriter();
        GallerySchema schema = TestGallery.Schema();
        writer.Require(schema);
        Assert.Contains("the model", Assert.Throws<GalleryMismatchException>(() => writer.Require(schema with { ModelSha256 = new string('b', 64) })).Message, StringComparison.Ordinal);
        Assert.Throws<GalleryMismatchException>(() => writer.Require(schema with { Preprocessing = "224x224" }));
        Assert.Throws<GalleryMismatchException>(() => writer.Require(schema with { Dimension = 13 }));
        Assert.Throws<GalleryMismatchException>(() => writer.Require(schema with { Metric = SearchMetric.Cosine }));
        Assert.Throws<GalleryMismatchException>(() => writer.Require(schema with { Normalized = true }));
        Assert.Throws<GalleryMismatchException>(() => writer.Require(schema with { Element = GalleryElement.Float16 }));
    }

    [Fact]
    public void Put_RowsThatCannotBeSearched_AreRefusedAndSpoilNothing()
    {
        using Gallery gallery = _test.Create(TestGallery.Schema(SearchMetric.Cosine, GalleryElement.Float16));
        using GalleryWriter writer = gallery.OpenWriter();
        float[] row = TestGallery.Vector(1);
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, 1e6f, 3e30f])
        {
            row[4] = bad;
            Assert.Throws<ArgumentException>("vector", () => writer.Put(1, row));
        }

        Array.Fill(row, 1e-30f);
        Assert.Throws<ArgumentException>("vector", () => writer.Put(1, row));
        Assert.Throws<ArgumentException>("vector", () => writer.Put(1, new float[3]));
        Assert.Throws<ArgumentException>("facts", () => writer.Put(1, TestGallery.Vector(1), new GalleryRowFacts { Digest = new byte[31] }));
        Assert.Throws<ArgumentOutOfRangeException>("id", () => writer.Put(-1, TestGallery.Vector(1)));
        Assert.Equal(0, writer.PendingCount);
        TestGallery.Add(writer, 0, 2);
        Assert.Equal(1, writer.Generation);
    }

    [Fact]
    public void Put_NormalizedGallery_KeepsUnitRows()
    {
        using Gallery gallery = _test.Create(TestGallery.Schema() with { Normalized = true });
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 4);
        using GallerySnapshot snapshot = writer.Snapshot();
        Assert.All(snapshot.Rows(), row => Assert.Equal(1, Math.Sqrt(row.Vector.ToArray().Sum(value => (double)value * value)), 1e-6));
    }

    [Fact]
    public void Create_WhereAGalleryIs_IsRefusedAndOpenWhereNoneIsToo()
    {
        using Gallery gallery = _test.Create();
        Assert.Contains("already", Assert.Throws<GalleryException>(() => _test.Create()).Message, StringComparison.Ordinal);
        Assert.Contains("no gallery", Assert.Throws<GalleryException>(() => Gallery.Open(Path.GetTempPath())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("schema", () => Gallery.Create(_test.Folder + "2", TestGallery.Schema() with { Dimension = 0 }));
    }

    [Fact]
    public void ReloadEvery_ACommitByAnother_IsTakenUpByItself()
    {
        using Gallery gallery = _test.Create();
        using Gallery watching = Gallery.Open(_test.Folder, new GalleryOptions { ReloadEvery = TimeSpan.FromMilliseconds(5) });
        using (GalleryWriter writer = gallery.OpenWriter())
            TestGallery.Add(writer, 0, 10);
        Assert.True(SpinWait.SpinUntil(() => watching.Count == 10, TimeSpan.FromMinutes(1)));
    }
}
