using System.Numerics.Tensors;
using Tercet.Backends.Cpu.Search;

namespace Tercet.Galleries.Segments;

/// <summary>The nearest among rows that a condition chooses. Every one of them is looked at in float64; however many are asked for, no more are held.</summary>
internal static class FilteredSearch
{
    /// <inheritdoc cref="GallerySnapshot.Search(ReadOnlySpan{float}, Func{GalleryRow, bool}, Span{GalleryNeighbor})"/>
    public static int Run(GalleryState state, ReadOnlySpan<float> query, Func<GalleryRow, bool> filter, Span<GalleryNeighbor> nearest)
    {
        ArgumentNullException.ThrowIfNull(filter);
        if (query.Length != state.Manifest.Schema.Dimension)
            throw new ArgumentException($"'query' has {query.Length} components; the gallery has {state.Manifest.Schema.Dimension}.", nameof(query));
        if (!(TensorPrimitives.MaxMagnitude(query) <= GalleryRows.LargestNorm))
            throw new ArgumentException("'query' has a component that is not finite, or above 2^60.", nameof(query));

        // The worst of those kept is at the front.
        PriorityQueue<GalleryNeighbor, RankedId> kept = new(Comparer<RankedId>.Create(static (a, b) => b.CompareTo(a)));
        foreach (Segment segment in state.Segments)
        {
            CpuSearch search = segment.Search();
            for (int row = 0; row < segment.Count; row++)
            {
                if (segment.IsRemoved(row) || !filter(new GalleryRow(segment, row)))
                    continue;
                double key = search.KeyOf(query, row);
                RankedId rank = new(key, segment.Id(row), search.Rows.DistanceOf(key));
                GalleryNeighbor neighbor = new(rank.Id, rank.Distance);
                if (kept.Count < nearest.Length)
                    kept.Enqueue(neighbor, rank);
                else if (nearest.Length > 0)
                    kept.EnqueueDequeue(neighbor, rank);
            }
        }

        nearest[kept.Count..].Fill(GalleryNeighbor.None);
        int found = kept.Count;
        for (int place = found - 1; place >= 0; place--)
            nearest[place] = kept.Dequeue();
        return found;
    }
}
