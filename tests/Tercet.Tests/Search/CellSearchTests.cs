using CommunityToolkit.HighPerformance;
using Tercet.Search;

namespace Tercet.Tests.Search;

/// <summary>A search by cells gives what a full scan gives: the same rows, and distances of the same bits.</summary>
public sealed class CellSearchTests
{
    private const int Queries = 12;

    public static TheoryData<int, SearchMetric> Shapes
    {
        get
        {
            var shapes = new TheoryData<int, SearchMetric>();
            foreach (int depth in (int[])[1, 7, 128, 512])
            {
                foreach (SearchMetric metric in Enum.GetValues<SearchMetric>())
                    shapes.Add(depth, metric);
            }

            return shapes;
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Search_RaggedSizesAndCells_EqualsTheFullScan(int depth, SearchMetric metric)
    {
        foreach ((int count, int cells, int k) in ((int, int, int)[])[(1, 0, 3), (2, 2, 1), (17, 1, 17), (333, 333, 10), (1001, 0, 10), (2500, 40, 100)])
        {
            AssertSame(SearchOracle.Rows(count, depth, seed: count), SearchOracle.Rows(Queries, depth, seed: 7), k, metric, cells);
            float[,] clustered = Clustered(count + Queries, depth, classes: 1 + (count / 40), noise: 0.2f, seed: count);
            AssertSame(clustered.AsSpan2D()[..count, ..].ToArray(), clustered.AsSpan2D()[count.., ..].ToArray(), k, metric, cells);
        }
    }

    [Theory]
    [InlineData(SearchMetric.SquaredEuclidean)]
    [InlineData(SearchMetric.Cosine)]
    [InlineData(SearchMetric.InnerProduct)]
    public void Search_TiesDuplicatesAndZeros_EqualsTheFullScan(SearchMetric metric)
    {
        float[,] grid = SearchOracle.Rows(3000, 3, seed: 1, onGrid: true);
        AssertSame(grid, SearchOracle.Rows(Queries, 3, seed: 2, onGrid: true), 50, metric, cells: 64);
        AssertSame(new float[500, 6], SearchOracle.Rows(Queries, 6, seed: 3), 20, metric, cells: 9);
        float[,] collapsed = new float[20_000, 9];
        for (int row = 0; row < 20_000; row++)
        {
            for (int k = 0; k < 9; k++)
                collapsed[row, k] = 0.3f + (row % 7 == k ? row % 13 * 1e-7f : 0);
        }

        AssertSame(collapsed, collapsed.AsSpan2D()[..Queries, ..].ToArray(), 30, metric, cells: 50);
    }

    [Theory]
    [InlineData(SearchMetric.SquaredEuclidean)]
    [InlineData(SearchMetric.Euclidean)]
    [InlineData(SearchMetric.InnerProduct)]
    public void Search_AllRowsOnASphereAroundTheQuery_EqualsTheFullScan(SearchMetric metric)
    {
        // All distances but for rounding the same, so that every bound is met with equality; and a query far outside.
        float[,] rows = SearchOracle.Rows(4000, 16, seed: 5);
        for (int row = 0; row < 4000; row++)
        {
            double norm = Math.Sqrt(rows.GetRow(row).ToArray().Sum(x => (double)x * x));
            for (int k = 0; k < 16; k++)
                rows[row, k] = (float)(rows[row, k] / norm) + (k == 3 ? 2 : 0);
        }

        float[,] queries = new float[2, 16];
        queries[0, 3] = 2;
        queries[1, 3] = 90;
        foreach (int cells in (int[])[1, 30])
            AssertSame(rows, queries, 10, metric, cells);
    }

    [Theory]
    [InlineData(SearchMetric.SquaredEuclidean, 1e16f)]
    [InlineData(SearchMetric.SquaredEuclidean, 1e-20f)]
    [InlineData(SearchMetric.InnerProduct, 1e16f)]
    [InlineData(SearchMetric.Cosine, 1e-19f)]
    [InlineData(SearchMetric.Cosine, 1e-30f)]
    [InlineData(SearchMetric.Cosine, 1e-42f)]
    public void Search_NormsFarApart_EqualsTheFullScan(SearchMetric metric, float scale)
    {
        float[,] rows = Clustered(900, 10, classes: 12, noise: 0.1f, seed: 8);
        float[,] queries = Clustered(Queries, 10, classes: 12, noise: 0.1f, seed: 8);
        for (int row = 0; row < 900; row += 2)
        {
            for (int k = 0; k < 10; k++)
                rows[row, k] *= scale;
        }

        for (int k = 0; k < 10; k++)
            queries[1, k] *= scale;
        AssertSame(rows, queries, 10, metric, cells: 20);
    }

    [Theory]
    [InlineData(SearchMetric.SquaredEuclidean)]
    [InlineData(SearchMetric.Cosine)]
    [InlineData(SearchMetric.InnerProduct)]
    public void SearchBatch_ManyQueries_EqualsTheFullScan(SearchMetric metric)
    {
        // Near the classes, far from them all, and some of both: by cells, in tiles, and by cells that give up here and there.
        float[,] near = Clustered(6000 + 70, 20, classes: 60, noise: 0.1f, seed: 4), far = SearchOracle.Rows(70, 20, seed: 6), mixed = near.AsSpan2D()[6000.., ..].ToArray();
        for (int query = 0; query < 70; query += 3)
            far.GetRow(query).ToArray().CopyTo(mixed.AsSpan2D().GetRowSpan(query));
        mixed.AsSpan2D().GetRowSpan(5).Clear();
        float[,] rows = near.AsSpan2D()[..6000, ..].ToArray();
        foreach (float[,] queries in (float[][,])[near.AsSpan2D()[6000.., ..].ToArray(), far, mixed])
            AssertSame(rows, queries, 10, metric, cells: 128);
    }

    [Fact]
    public void Search_CosineZeroQuery_IsAtDistanceOneFromTheFirstRows() => AssertSame(SearchOracle.Rows(300, 6, seed: 9), new float[1, 6], 5, SearchMetric.Cosine, cells: 8);

    [Fact]
    public void SearchApproximately_MoreAndMoreCells_FindsMoreAndInTheEndAll()
    {
        float[,] rows = SearchOracle.Rows(4000, 12, seed: 11);
        using FlatIndex plain = FlatIndex.CopyOf(rows);
        using FlatIndex index = FlatIndex.CopyOf(rows, new FlatIndexOptions { Filter = SearchFilter.Cells, Cells = 60 });
        Assert.Equal(60, index.CellCount);
        float[] query = SearchOracle.Rows(1, 12, seed: 12).GetRow(0).ToArray();
        Neighbor[] exact = new Neighbor[40], found = new Neighbor[40];
        plain.Search(query, exact);
        int before = 0;
        foreach (int probes in (int[])[1, 5, 20, 60, 1000])
        {
            int count = index.SearchApproximately(query, probes, found);
            Assert.Equal(found.Order(Comparer<Neighbor>.Create((a, b) => a.Distance.CompareTo(b.Distance))), found);
            int hits = exact.Intersect(found).Count();
            Assert.InRange(hits, Math.Max(1, before), count);
            before = hits;
        }

        Assert.Equal(exact, found);
    }

    [Fact]
    public void SearchApproximately_FewerRowsThanAskedFor_FillsWithNone()
    {
        using FlatIndex index = FlatIndex.CopyOf(new float[,] { { 1 }, { 2 }, { 90 }, { 91 } }, new FlatIndexOptions { Filter = SearchFilter.Cells, Cells = 2 });
        Neighbor[] found = new Neighbor[4];
        Assert.Equal(2, index.SearchApproximately([1.75f], 1, found));
        Assert.Equal([new Neighbor(1, 0.0625f), new Neighbor(0, 0.5625f), Neighbor.None, Neighbor.None], found);
    }

    [Fact]
    public void SearchApproximately_BadArguments_AreRefused()
    {
        using FlatIndex plain = FlatIndex.CopyOf(new float[,] { { 1 }, { 2 } });
        using FlatIndex index = FlatIndex.CopyOf(new float[,] { { 1 }, { 2 } }, new FlatIndexOptions { Filter = SearchFilter.Cells });
        Assert.Throws<InvalidOperationException>(() => plain.SearchApproximately([1], 1, new Neighbor[1]));
        Assert.Throws<ArgumentOutOfRangeException>("probes", () => index.SearchApproximately([1], 0, new Neighbor[1]));
        Assert.Throws<ArgumentException>("query", () => index.SearchApproximately([1, 2], 1, new Neighbor[1]));
        Assert.Throws<ArgumentException>(() => FlatIndex.CopyOf(new float[,] { { 1 } }, new FlatIndexOptions { Filter = SearchFilter.Cells, Cells = -1 }));
    }

    // Of many queries a sample is looked at first.
    [Fact]
    public void SearchBatch_SeveralBadQueries_NamesTheFirst()
    {
        const int Count = 200;
        float[,] queries = Clustered(Count, 16, classes: 20, noise: 0.1f, seed: 4);
        (queries[Count / 8, 2], queries[3, 5]) = (float.NaN, float.PositiveInfinity);
        using FlatIndex index = FlatIndex.CopyOf(Clustered(2000, 16, classes: 20, noise: 0.1f, seed: 3), new FlatIndexOptions { Filter = SearchFilter.Cells });
        var nearest = new Neighbor[Count, 3];
        ArgumentException error = Assert.Throws<ArgumentException>(() => index.SearchBatch(queries, 3, nearest, TestContext.Current.CancellationToken));
        Assert.Contains("[3, 5]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Search_Warm_AllocatesNothing()
    {
        using FlatIndex index = FlatIndex.CopyOf(Clustered(3000, 24, classes: 20, noise: 0.3f, seed: 3), new FlatIndexOptions { Filter = SearchFilter.Cells, Threads = 1 });
        float[,] queries = Clustered(4, 24, classes: 20, noise: 0.3f, seed: 3);
        float[] query = queries.GetRow(0).ToArray();
        var nearest = new Neighbor[4, 10];
        long before = 0;
        for (int round = 0; round < 2; round++)
        {
            GC.Collect();
            before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++)
            {
                index.SearchBatch(queries, 10, nearest, TestContext.Current.CancellationToken);
                index.Search(query, nearest.GetRowSpan(0));
                index.SearchApproximately(query, 3, nearest.GetRowSpan(0));
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Rows around classes' centres, in shuffled order.</summary>
    internal static float[,] Clustered(int count, int depth, int classes, float noise, int seed)
    {
        float[,] centres = SearchOracle.Rows(classes, depth, seed: 1000 + seed);
        float[,] rows = SearchOracle.Rows(count, depth, seed);
        var random = new Random(seed);
        for (int row = 0; row < count; row++)
        {
            int centre = random.Next(classes);
            for (int k = 0; k < depth; k++)
                rows[row, k] = centres[centre, k] + (noise * rows[row, k]);
        }

        return rows;
    }

    private static void AssertSame(float[,] rows, float[,] queries, int k, SearchMetric metric, int cells)
    {
        using var plain = new FlatIndex(rows.AsMemory2D(), new FlatIndexOptions { Metric = metric, Threads = 1 });
        foreach (int threads in (int[])[1, 2])
        {
            using var index = new FlatIndex(rows.AsMemory2D(), new FlatIndexOptions { Metric = metric, Threads = threads, Filter = SearchFilter.Cells, Cells = Math.Min(cells, rows.GetLength(0)) });
            var expected = new Neighbor[queries.GetLength(0), k];
            var found = new Neighbor[queries.GetLength(0), k];
            plain.SearchBatch(queries, k, expected, TestContext.Current.CancellationToken);
            index.SearchBatch(queries, k, found, TestContext.Current.CancellationToken);
            Assert.Equal(expected, found);
            for (int query = 0; query < queries.GetLength(0); query++)
            {
                index.Search(queries.GetRow(query).ToArray(), found.GetRowSpan(query));
                Assert.Equal(expected.GetRow(query).ToArray(), found.GetRow(query).ToArray());
            }
        }
    }
}
