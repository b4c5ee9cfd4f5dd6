using Microsoft.Extensions.VectorData;

namespace Tercet.VectorData.Tests;

/// <summary>A store in a folder of its own.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tercet-store-").FullName;

    public TestStore(GalleryVectorStoreOptions? options = null) => Store = new GalleryVectorStore(Folder, options);

    public string Folder => Path.Combine(_folder, "store");

    public GalleryVectorStore Store { get; }

    public VectorStoreCollection<long, Face> Faces => Store.GetCollection<long, Face>("faces");

    /// <summary>Five faces, two of one person; every column is once left out.</summary>
    public static Face[] Data { get; } =
    [
        new() { Key = 1, Person = "ann", Path = "a/1.jpg", Taken = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_001), Vector = new([1, 2, 3]), Digest = [.. Enumerable.Repeat((byte)7, 32)] },
        new() { Key = 2, Person = "bob", Path = "b/1.jpg", Taken = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_005), Vector = new([1, 2, 4]) },
        new() { Key = 3, Person = "ann", Path = "a/2.jpg", Taken = null, Vector = new([1, 2, 6]) },
        new() { Key = 5, Person = null, Path = "", Taken = DateTimeOffset.FromUnixTimeMilliseconds(1_600_000_000_000), Vector = new([-1, 0, 9]) },
        new() { Key = 1L << 40, Person = "Zoë \"z\"", Path = "z", Taken = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_003), Vector = new([0, 0, -7]) },
    ];

    public async Task<VectorStoreCollection<long, Face>> Filled()
    {
        VectorStoreCollection<long, Face> faces = Faces;
        await faces.EnsureCollectionExistsAsync();
        await faces.UpsertAsync(Data);
        return faces;
    }

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
