using Microsoft.Extensions.VectorData;

namespace Tercet.VectorData.Tests;

/// <summary>A record with every column that a gallery has.</summary>
internal sealed class Face
{
    public const int Dimension = 3;

    [VectorStoreKey]
    public long Key { get; set; }

    [VectorStoreData(StorageName = "label", IsIndexed = true)]
    public string? Person { get; set; }

    [VectorStoreData(StorageName = "source")]
    public string Path { get; set; } = "";

    [VectorStoreData(StorageName = "time")]
    public DateTimeOffset? Taken { get; set; }

    [VectorStoreData(StorageName = "digest")]
    public byte[]? Digest { get; set; }

    [VectorStoreVector(Dimension, DistanceFunction = DistanceFunction.EuclideanSquaredDistance)]
    public ReadOnlyMemory<float> Vector { get; set; }

    public void AssertIs(Face? other, bool includeVectors)
    {
        Assert.NotNull(other);
        Assert.Equal((Key, Person, Path, Taken), (other.Key, other.Person, other.Path, other.Taken));
        Assert.Equal(Digest, other.Digest);
        Assert.Equal(includeVectors ? Vector.ToArray() : [], other.Vector.ToArray());
    }
}
