using Microsoft.Extensions.VectorData;
using Tercet.Galleries;

namespace Tercet.VectorData.Tests;

/// <summary>The cases of the abstractions' own conformance suite for collections and records.</summary>
public sealed class CollectionTests : IDisposable
{
    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task Collection_EnsuredAndDeleted_ExistsInBetween()
    {
        VectorStoreCollection<long, Face> faces = _test.Faces;
        Assert.False(await faces.CollectionExistsAsync());
        Assert.Empty(await _test.Store.ListCollectionNamesAsync().ToListAsync());
        await faces.EnsureCollectionExistsAsync();
        await faces.EnsureCollectionExistsAsync();
        Assert.True(await faces.CollectionExistsAsync());
        Assert.True(await _test.Store.CollectionExistsAsync("faces"));
        Assert.Equal(["faces"], await _test.Store.ListCollectionNamesAsync().ToListAsync());
        await faces.UpsertAsync(TestStore.Data);
        await faces.EnsureCollectionDeletedAsync();
        Assert.False(await faces.CollectionExistsAsync());
        Assert.False(Directory.Exists(Path.Combine(_test.Folder, "faces")));
        await _test.Store.EnsureCollectionDeletedAsync("faces");
        await faces.EnsureCollectionExistsAsync();
        Assert.Null(await faces.GetAsync(1));
    }

    [Fact]
    public async Task Metadata_AskedFor_NamesSystemAndCollection()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        VectorStoreCollectionMetadata metadata = (VectorStoreCollectionMetadata)faces.GetService(typeof(VectorStoreCollectionMetadata))!;
        Assert.Equal(("tercet", _test.Folder, "faces"), (metadata.VectorStoreSystemName, metadata.VectorStoreName, metadata.CollectionName));
        Assert.Same(faces, faces.GetService(typeof(VectorStoreCollection<long, Face>)));
        Assert.Null(faces.GetService(typeof(VectorStoreCollectionMetadata), "key"));
        Assert.Equal("tercet", ((VectorStoreMetadata)_test.Store.GetService(typeof(VectorStoreMetadata))!).VectorStoreSystemName);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_OneAndMany_GiveWhatWasPut(bool includeVectors)
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        RecordRetrievalOptions options = new() { IncludeVectors = includeVectors };
        foreach (Face face in TestStore.Data)
            face.AssertIs(await faces.GetAsync(face.Key, options), includeVectors);

        List<Face> many = await faces.GetAsync([5L, 99L, 1L], options).ToListAsync();
        Assert.Equal([5L, 1L], many.Select(face => face.Key));
        TestStore.Data[0].AssertIs(many[1], includeVectors);
        Assert.Null(await faces.GetAsync(99));
        Assert.Empty(await faces.GetAsync(Array.Empty<long>()).ToListAsync());
        Assert.Equal("keys", (await Assert.ThrowsAsync<ArgumentNullException>(async () => await faces.GetAsync(keys: null!).ToListAsync())).ParamName);
    }

    [Fact]
    public async Task Upsert_NewAndOldInOneBatch_AddsAndReplaces()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        Face replaced = new() { Key = 2, Person = "eve", Path = "e", Vector = new([10, 0, 1]) };
        Face added = new() { Key = 77, Vector = new([10, 0, 2]) };
        await faces.UpsertAsync([added, replaced]);
        replaced.AssertIs(await faces.GetAsync(2, new() { IncludeVectors = true }), includeVectors: true);
        added.AssertIs(await faces.GetAsync(77, new() { IncludeVectors = true }), includeVectors: true);
        Assert.Equal(TestStore.Data.Length + 1, await faces.GetAsync(_ => true, top: 100).CountAsync());

        await faces.UpsertAsync([]);
        await faces.UpsertAsync(new Face { Key = 78, Vector = new([1, 1, 1]) });
        Assert.Equal("records", (await Assert.ThrowsAsync<ArgumentNullException>(() => faces.UpsertAsync(records: null!))).ParamName);
        Assert.Equal(TestStore.Data.Length + 2, await faces.GetAsync(_ => true, top: 100).CountAsync());
    }

    [Fact]
    public async Task Upsert_OneRecordIsWrong_ChangesNothing()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        Face good = new() { Key = 90, Vector = new([1, 1, 1]) };
        foreach (Face bad in (Face[])[new() { Key = -1, Vector = good.Vector }, new() { Key = 91, Vector = new([1, 1]) }, new() { Key = 91, Vector = new([1, float.NaN, 1]) }, new() { Key = 91, Vector = good.Vector, Digest = [1] }])
            await Assert.ThrowsAnyAsync<ArgumentException>(() => faces.UpsertAsync([good, bad]));
        Assert.Null(await faces.GetAsync(90));
    }

    [Fact]
    public async Task Delete_OneManyAndNone_LeavesTheRest()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        await faces.DeleteAsync(99);
        await faces.DeleteAsync([]);
        Assert.Equal(TestStore.Data.Length, await faces.GetAsync(_ => true, top: 100).CountAsync());
        await faces.DeleteAsync(1);
        Assert.Null(await faces.GetAsync(1));
        await faces.DeleteAsync([2, 3, 99]);
        Assert.Equal([5L, 1L << 40], await faces.GetAsync(_ => true, top: 100).Select(face => face.Key).ToListAsync());
        Assert.Equal("keys", (await Assert.ThrowsAsync<ArgumentNullException>(() => faces.DeleteAsync(keys: null!))).ParamName);
    }

    [Fact]
    public async Task Collection_OfTheSameName_SeesWhatTheOtherWrote()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        VectorStoreCollection<long, Face> other = _test.Faces;
        Assert.NotNull(await other.GetAsync(1));
        await faces.DeleteAsync(1);
        Assert.Null(await other.GetAsync(1));
    }

    [Fact]
    public async Task Calls_AtTheSameTime_LoseNothing()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        await Parallel.ForAsync(100L, 140L, TestContext.Current.CancellationToken, async (key, cancellationToken) =>
        {
            await faces.UpsertAsync(new Face { Key = key, Vector = new([key, 0, 0]) }, cancellationToken);
            VectorSearchResult<Face> nearest = await faces.SearchAsync(new float[] { key, 0, 0 }, top: 1, cancellationToken: cancellationToken).SingleAsync(cancellationToken);
            Assert.Equal((key, 0), (nearest.Record.Key, nearest.Score));
        });
        Assert.Equal(40, await faces.GetAsync(face => face.Key >= 100 && face.Key < 140, top: 100).CountAsync());
    }

    [Fact]
    public async Task Collection_OverAGalleryMadeElsewhere_ReadsAndChangesIt()
    {
        string folder = Path.Combine(_test.Folder, "faces");
        using (Gallery gallery = Gallery.Create(folder, new GallerySchema { Dimension = 3, ModelSha256 = new string('a', 64) }))
        using (GalleryWriter writer = gallery.OpenWriter())
        {
            writer.Add([1, 2, 3], new GalleryRowFacts { Label = "ann", Source = "x.jpg" });
            writer.Commit();
        }

        VectorStoreCollection<long, Face> faces = _test.Faces;
        await faces.EnsureCollectionExistsAsync();
        new Face { Key = 0, Person = "ann", Path = "x.jpg", Vector = new([1, 2, 3]) }.AssertIs(await faces.GetAsync(0, new() { IncludeVectors = true }), includeVectors: true);
        await faces.UpsertAsync(TestStore.Data);
        using Gallery after = Gallery.Open(folder);
        Assert.Equal((TestStore.Data.Length + 1L, new string('a', 64)), (after.Count, after.Schema.ModelSha256));
    }
}
