using System.Text;
using CommunityToolkit.HighPerformance;
using Tercet.Search;

namespace Tercet.Galleries.Segments;

/// <summary>Searches a state, once the caller's arguments have been looked at.</summary>
internal static class SearchCheck
{
    private const int LargestOnStack = 256;

    /// <inheritdoc cref="GallerySnapshot.Search(ReadOnlySpan{float}, Span{GalleryNeighbor})"/>
    public static int Search(GalleryState state, ReadOnlySpan<float> query, Span<GalleryNeighbor> nearest)
    {
        Check(state, query, nearest);
        return nearest.IsEmpty ? 0 : Search(state, query, nearest, probes: 0);
    }

    /// <inheritdoc cref="GallerySnapshot.SearchApproximately"/>
    public static int SearchApproximately(GalleryState state, ReadOnlySpan<float> query, int probes, Span<GalleryNeighbor> nearest)
    {
        Check(state, query, nearest);
        ArgumentOutOfRangeException.ThrowIfLessThan(probes, 1);
        return nearest.IsEmpty ? 0 : Search(state, query, nearest, probes);
    }

    /// <inheritdoc cref="GallerySnapshot.Search(ReadOnlySpan{float}, string, Span{GalleryNeighbor})"/>
    public static int Search(GalleryState state, ReadOnlySpan<float> query, string label, Span<GalleryNeighbor> nearest)
    {
        ArgumentNullException.ThrowIfNull(label);
        Check(state, query, nearest);
        foreach (float component in query)
        {
            if (!float.IsFinite(component))
                throw new ArgumentException($"'query' has the component {component}; every component must be finite.", nameof(query));
        }

        int length = Encoding.UTF8.GetByteCount(label);
        Span<byte> bytes = length <= LargestOnStack ? stackalloc byte[LargestOnStack] : new byte[length];
        Encoding.UTF8.GetBytes(label, bytes);
        return nearest.IsEmpty ? 0 : state.Search(query, bytes[..length], nearest);
    }

    /// <inheritdoc cref="GallerySnapshot.SearchBatch"/>
    public static int Search(GalleryState state, ReadOnlySpan2D<float> queries, int k, Span2D<GalleryNeighbor> nearest, CancellationToken cancellationToken)
    {
        int dimension = state.Manifest.Schema.Dimension;
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, FlatIndex.LargestK);
        if (queries.Height > 0 && queries.Width != dimension)
            throw new ArgumentException($"'queries' has {queries.Width} columns; the gallery has {dimension}.", nameof(queries));
        if (nearest.Height != queries.Height || (queries.Height > 0 && nearest.Width != k))
            throw new ArgumentException($"'nearest' is [{nearest.Height}, {nearest.Width}]; it must be [{queries.Height}, {k}].", nameof(nearest));
        return state.Search(queries, k, probes: 0, nearest, cancellationToken);
    }

    private static int Search(GalleryState state, ReadOnlySpan<float> query, Span<GalleryNeighbor> nearest, int probes) => state.Search(
        ReadOnlySpan2D<float>.DangerousCreate(in query[0], 1, query.Length, 0),
        nearest.Length,
        probes,
        Span2D<GalleryNeighbor>.DangerousCreate(ref nearest[0], 1, nearest.Length, 0),
        CancellationToken.None);

    private static void Check(GalleryState state, ReadOnlySpan<float> query, Span<GalleryNeighbor> nearest)
    {
        int dimension = state.Manifest.Schema.Dimension;
        if (query.Length != dimension)
            throw new ArgumentException($"'query' has {query.Length} components; the gallery has {dimension}.", nameof(query));
        if (nearest.Length > FlatIndex.LargestK)
            throw new ArgumentException($"'nearest' has room for {nearest.Length} neighbours; at most {FlatIndex.LargestK} can be asked for.", nameof(nearest));
    }
}
