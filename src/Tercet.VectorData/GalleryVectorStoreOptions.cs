using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Tercet.Galleries;

namespace Tercet.VectorData;

/// <summary>How a <see cref="GalleryVectorStore"/> opens and makes its galleries. Immutable.</summary>
public sealed record GalleryVectorStoreOptions
{
    /// <summary>How galleries are opened. <see cref="GalleryOptions.ReloadEvery"/> says how soon commits of other processes are seen; a store sees its own at once.</summary>
    public GalleryOptions Gallery { get; init; } = new();

    /// <summary>
    /// What else than its dimension and metric a new gallery has: receives the schema that follows from the record, returns the one to use, of the same dimension
    /// and metric. Null keeps it: float32, rows as they are, no model named.
    /// </summary>
    public Func<GallerySchema, GallerySchema>? NewSchema { get; init; }

    /// <summary>Makes vectors where a record or a search has none, unless the record's definition names another generator.</summary>
    public IEmbeddingGenerator? EmbeddingGenerator { get; init; }

    /// <summary>Makes the meter <c>Tercet</c>; null makes one of the store's own.</summary>
    public IMeterFactory? MeterFactory { get; init; }
}
