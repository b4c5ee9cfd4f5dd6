using Tercet.Search;

namespace Tercet.Tests.Search;

/// <summary>The definition: every distance in float64, sorted by (distance, row).</summary>
internal static class SearchOracle
{
    public static Neighbor[] Nearest(float[,] gallery, float[,] queries, int query, int k, SearchMetric metric)
    {
        var keys = new (double Key, int Row)[gallery.GetLength(0)];
        for (int row = 0; row < keys.Length; row++)
            keys[row] = (Key(gallery, row, queries, query, metric), row);
        Array.Sort(keys);
        return [.. Enumerable.Range(0, k).Select(i => i < keys.Length
            ? new Neighbor(keys[i].Row, (float)(metric == SearchMetric.Euclidean ? Math.Sqrt(keys[i].Key) : keys[i].Key))
            : Neighbor.None)];
    }

    /// <summary>Rows drawn evenly from [−1, 1), or from a grid of five values so that equal distances abound.</summary>
    public static float[,] Rows(int count, int depth, int seed, bool onGrid = false)
    {
        var random = new Random(seed);
        var rows = new float[count, depth];
        for (int i = 0; i < count; i++)
        {
            for (int k = 0; k < depth; k++)
                rows[i, k] = onGrid ? random.Next(-2, 3) : (random.NextSingle() * 2) - 1;
        }

        return rows;
    }

    private static double Key(float[,] gallery, int row, float[,] queries, int query, SearchMetric metric)
    {
        double squares = 0, dot = 0, x = 0, y = 0;
        for (int k = 0; k < gallery.GetLength(1); k++)
        {
            double a = gallery[row, k], b = queries[query, k];
            squares += (a - b) * (a - b);
            dot += a * b;
            x += a * a;
            y += b * b;
        }

        return metric switch
        {
            SearchMetric.InnerProduct => 0 - dot,
            SearchMetric.Cosine => x * y == 0 ? 1 : 1 - (dot / (Math.Sqrt(y) * Math.Sqrt(x))),
            _ => squares,
        };
    }
}
