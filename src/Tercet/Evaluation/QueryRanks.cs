using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Evaluation;

/// <summary>
/// Ranks queries against all rows, by the exact search while it reaches as deep as a query needs: to the number of other rows of its identity, and to the deepest rank
/// asked for. What needs more, or has norms that float32 cannot search, is ranked by measuring every distance.
/// </summary>
internal static class QueryRanks
{
    private const int LargestGroup = 1024;

    /// <summary>Ranks queries.</summary>
    /// <param name="distances">The rows.</param>
    /// <param name="groups">Their labels.</param>
    /// <param name="queries">The queries' rows; each has another row of its identity.</param>
    /// <param name="deepest">The deepest rank to look at, at least.</param>
    /// <param name="cancellationToken">Stops between blocks of rows.</param>
    /// <returns>One for each query, in their order.</returns>
    public static QueryRank[] Measure(RowDistances distances, LabelGroups groups, int[] queries, int deepest, CancellationToken cancellationToken)
    {
        QueryRank[] ranks = new QueryRank[queries.Length];
        int[] depths = [.. queries.Select(query => Math.Min(distances.Count, Math.Max(groups.Size[query] - 1, deepest) + 1))];
        int[] order = [.. Enumerable.Range(0, queries.Length)];
        Array.Sort((int[])depths.Clone(), order);

        // By depth, so that what is searched together needs about as many neighbours.
        int searched = distances.LargestNorm <= RowDistances.LargestTiledNorm ? order.Count(i => depths[i] <= FlatIndex.LargestK) : 0;
        if (searched > 0)
            Search(distances, groups, queries, depths, order.AsSpan(0, searched), ranks, cancellationToken);
        Parallel.ForEach(order.Skip(searched), new ParallelOptions { CancellationToken = cancellationToken }, () => new NearestRows(), (i, _, nearest) =>
        {
            ranks[i] = QueryRank.Of(groups, queries[i], nearest.Find(distances, queries[i], depths[i] - 1));
            return nearest;
        }, _ => { });
        return ranks;
    }

    private static void Search(
        RowDistances distances, LabelGroups groups, int[] queries, int[] depths, ReadOnlySpan<int> order, Span<QueryRank> ranks, CancellationToken cancellationToken)
    {
        using FlatIndex index = new(distances.Matrix, new FlatIndexOptions { Metric = MetricOf(distances) });
        float[,] rows = new float[Math.Min(LargestGroup, order.Length), distances.Columns];
        Neighbor[,] nearest = new Neighbor[0, 0];
        List<int> others = [];
        for (int first = 0; first < order.Length; first += LargestGroup)
        {
            ReadOnlySpan<int> group = order.Slice(first, Math.Min(LargestGroup, order.Length - first));
            int k = depths[group[^1]];
            if (nearest.GetLength(0) != group.Length || nearest.GetLength(1) != k)
                nearest = new Neighbor[group.Length, k];
            for (int i = 0; i < group.Length; i++)
                distances.Row(queries[group[i]]).CopyTo(rows.GetRowSpan(i));
            index.SearchBatch(new ReadOnlySpan2D<float>(rows)[..group.Length, ..], k, nearest, cancellationToken);
            for (int i = 0; i < group.Length; i++)
            {
                int query = queries[group[i]];
                others.Clear();
                foreach (Neighbor neighbor in nearest.GetRowSpan(i))
                {
                    if (neighbor.Row != query)
                        others.Add(neighbor.Row);
                }

                ranks[group[i]] = QueryRank.Of(groups, query, CollectionsMarshal.AsSpan(others));
            }
        }
    }

    private static SearchMetric MetricOf(RowDistances distances) => distances.Metric switch
    {
        DistanceMetric.SquaredEuclidean => SearchMetric.SquaredEuclidean,
        DistanceMetric.Euclidean => SearchMetric.Euclidean,
        _ => SearchMetric.Cosine,
    };
}
