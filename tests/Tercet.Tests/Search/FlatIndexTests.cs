using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Search;

namespace Tercet.Tests.Search;

public sealed class FlatIndexTests
{
    // Distances of equal float64 keys are decided by row; keys that differ only by the order of a float64 sum are told apart by their value instead.
    private const float Near = 1e-5f;

    public static TheoryData<CpuLanes, SearchMetric, SearchFilter> Forms
    {
        get
        {
            var forms = new TheoryData<CpuLanes, SearchMetric, SearchFilter>();
            foreach (CpuLanes lanes in CpuBackend.SupportedLanes)
            {
                foreach (SearchMetric metric in Enum.GetValues<SearchMetric>())
                {
                    foreach (SearchFilter filter in Enum.GetValues<SearchFilter>())
                        forms.Add(lanes, metric, filter);
                }
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void SearchBatch_AnyShape_EqualsTheOracle(CpuLanes lanes, SearchMetric metric, SearchFilter filter)
    {
        foreach ((int count, int depth, int k) in ((int, int, int)[])[(1, 1, 1), (3, 2, 5), (7, 3, 2), (16, 5, 16), (257, 15, 10), (300, 16, 1), (523, 17, 40), (700, 33, 10), (530, 100, 7), (410, 131, 3)])
        {
            float[,] gallery = SearchOracle.Rows(count, depth, seed: count);
            foreach (int queryCount in (int[])[1, 2, 13, 25, 61])
            {
                float[,] queries = SearchOracle.Rows(queryCount, depth, seed: 1000 + queryCount);
                Check(gallery, queries, k, new FlatIndexOptions { Metric = metric, Filter = filter, Lanes = lanes, Threads = 2 });
            }
        }
    }

    // Enough rows for limits to settle, so that the codes are read in tiles and in scans, in chunks of every length, and trusted.
    [Theory]
    [MemberData(nameof(Forms))]
    public void SearchBatch_ManyRows_EqualsTheOracle(CpuLanes lanes, SearchMetric metric, SearchFilter filter)
    {
        float[,] gallery = SearchOracle.Rows(9001, 20, seed: 31);
        foreach (int queryCount in (int[])[1, 3, 53])
            Check(gallery, SearchOracle.Rows(queryCount, 20, seed: 32), 10, new FlatIndexOptions { Metric = metric, Filter = filter, Lanes = lanes, Threads = 2 });
    }

    [Theory]
    [InlineData(SearchMetric.SquaredEuclidean)]
    [InlineData(SearchMetric.Cosine)]
    [InlineData(SearchMetric.InnerProduct)]
    public void SearchBatch_CodesThatTellLittle_EqualsTheOracle(SearchMetric metric)
    {
        // One component of each row so large that its code takes the others' away; and every third row a small step beside the first.
        float[,] gallery = SearchOracle.Rows(4000, 24, seed: 33);
        float[,] queries = SearchOracle.Rows(50, 24, seed: 34);
        for (int row = 0; row < 4000; row++)
        {
            gallery[row, 5] += 500;
            for (int k = 0; row % 3 == 0 && k < 24; k++)
                gallery[row, k] = gallery[0, k] + (gallery[row, k] * 1e-3f);
        }

        for (int query = 0; query < 50; query++)
            queries[query, 5] += 500;
        foreach (int count in (int[])[1, 50])
            Check(gallery, queries.AsSpan2D()[..count, ..].ToArray(), 10, new FlatIndexOptions { Metric = metric, Filter = SearchFilter.Int8, Threads = 2 });
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void SearchBatch_TiesAndDuplicates_LowestRowsFirst(CpuLanes lanes, SearchMetric metric, SearchFilter filter)
    {
        // Whole numbers: every sum is exact, so that equal distances are equal in any order of summation (under cosine the norm is not; rows there are equal or apart).
        float[,] gallery = SearchOracle.Rows(900, 4, seed: 3, onGrid: true);
        for (int k = 0; k < 4; k++)
            gallery[5, k] = 0;
        foreach (int queryCount in (int[])[1, 30])
        {
            float[,] queries = SearchOracle.Rows(queryCount, 4, seed: 4, onGrid: true);
            Check(gallery, queries, 60, new FlatIndexOptions { Metric = metric, Filter = filter, Lanes = lanes, Threads = 2 }, exactRows: metric != SearchMetric.Cosine);
        }
    }

    [Theory]
    [InlineData(SearchFilter.None, SearchMetric.SquaredEuclidean)]
    [InlineData(SearchFilter.Int8, SearchMetric.SquaredEuclidean)]
    [InlineData(SearchFilter.None, SearchMetric.Cosine)]
    [InlineData(SearchFilter.Int8, SearchMetric.Cosine)]
    public void SearchBatch_AllRowsEqual_ReturnsTheFirst(SearchFilter filter, SearchMetric metric)
    {
        var gallery = new float[3000, 19];
        gallery.AsSpan2D().Fill(0.3f);
        using var index = new FlatIndex(gallery.AsMemory2D(), new FlatIndexOptions { Filter = filter, Metric = metric });
        foreach (int count in (int[])[1, 30])
        {
            var nearest = new Neighbor[count, 9];
            index.SearchBatch(SearchOracle.Rows(count, 19, seed: 8), 9, nearest, TestContext.Current.CancellationToken);
            for (int i = 0; i < count; i++)
                Assert.Equal(Enumerable.Range(0, 9), nearest.GetRow(i).ToArray().Select(n => n.Row));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    [InlineData(1023)]
    [InlineData(1024)]
    public void SearchBatch_AnyK_EqualsTheOracle(int k)
    {
        float[,] gallery = SearchOracle.Rows(5000, 12, seed: 5);
        foreach (SearchFilter filter in Enum.GetValues<SearchFilter>())
        {
            Check(gallery, SearchOracle.Rows(2, 12, seed: 6), k, new FlatIndexOptions { Filter = filter });
            Check(gallery, SearchOracle.Rows(31, 12, seed: 7), k, new FlatIndexOptions { Filter = filter });
        }
    }

    [Theory]
    [InlineData(SearchMetric.SquaredEuclidean, 1e17f)]
    [InlineData(SearchMetric.SquaredEuclidean, 1e-20f)]
    [InlineData(SearchMetric.InnerProduct, 1e17f)]
    [InlineData(SearchMetric.InnerProduct, 1e-22f)]
    [InlineData(SearchMetric.Cosine, 1e17f)]
    [InlineData(SearchMetric.Cosine, 1e-19f)]
    [InlineData(SearchMetric.Cosine, 1e-30f)]
    [InlineData(SearchMetric.Cosine, 1e-42f)]
    public void SearchBatch_ExtremeScales_EqualsTheOracle(SearchMetric metric, float scale)
    {
        float[,] gallery = SearchOracle.Rows(400, 9, seed: 15);
        for (int row = 0; row < 400; row += 3)
        {
            foreach (ref float x in gallery.GetRow(row))
                x *= scale;
        }

        float[,] queries = SearchOracle.Rows(30, 9, seed: 16);
        foreach (ref float x in queries.GetRow(2))
            x *= scale;
        foreach (SearchFilter filter in Enum.GetValues<SearchFilter>())
        {
            Check(gallery, queries, 12, new FlatIndexOptions { Metric = metric, Filter = filter });
            for (int i = 0; i < 4; i++)
                Check(gallery, queries.AsSpan2D()[i..(i + 1), ..].ToArray(), 12, new FlatIndexOptions { Metric = metric, Filter = filter });
        }
    }

    [Theory]
    [InlineData(SearchFilter.None)]
    [InlineData(SearchFilter.Int8)]
    public void SearchBatch_RowsFarFromTheOrigin_EqualsTheOracle(SearchFilter filter)
    {
        float[,] gallery = SearchOracle.Rows(1500, 24, seed: 17);
        float[,] queries = SearchOracle.Rows(20, 24, seed: 18);
        foreach (ref float x in gallery.AsSpan())
            x += 3000;
        foreach (ref float x in queries.AsSpan())
            x += 3000;
        Check(gallery, queries, 10, new FlatIndexOptions { Filter = filter });
        Check(gallery, queries.AsSpan2D()[..1, ..].ToArray(), 10, new FlatIndexOptions { Filter = filter });
    }

    [Fact]
    public void SearchBatch_CosineZeroQuery_IsAtDistanceOneFromTheFirstRows()
    {
        using var index = new FlatIndex(SearchOracle.Rows(50, 6, seed: 9).AsMemory2D(), new FlatIndexOptions { Metric = SearchMetric.Cosine });
        var nearest = new Neighbor[3];

        Assert.Equal(3, index.Search(new float[6], nearest));

        Assert.Equal([new Neighbor(0, 1), new Neighbor(1, 1), new Neighbor(2, 1)], nearest);
    }

    [Fact]
    public void Search_MoreThanTheGallery_FillsWithNone()
    {
        using FlatIndex index = FlatIndex.CopyOf(new float[,] { { 1 }, { 3 } });
        var nearest = new Neighbor[4];

        Assert.Equal(2, index.Search([2.5f], nearest));

        Assert.Equal([new Neighbor(1, 0.25f), new Neighbor(0, 2.25f), Neighbor.None, Neighbor.None], nearest);
    }

    internal static void Check(float[,] gallery, float[,] queries, int k, FlatIndexOptions options, bool exactRows = false)
    {
        using var index = new FlatIndex(gallery.AsMemory2D(), options);
        var nearest = new Neighbor[queries.GetLength(0), k];
        Assert.Equal(Math.Min(k, gallery.GetLength(0)), index.SearchBatch(queries, k, nearest, TestContext.Current.CancellationToken));
        for (int query = 0; query < queries.GetLength(0); query++)
        {
            Neighbor[] expected = SearchOracle.Nearest(gallery, queries, query, k, options.Metric);
            for (int i = 0; i < k; i++)
            {
                Neighbor found = nearest[query, i];
                string place = $"query {query}, place {i}: {found} where {expected[i]} is expected; {gallery.GetLength(0)} × {gallery.GetLength(1)}, k {k}, {options}";
                if (found.Row != expected[i].Row)
                    Assert.True(!exactRows && Math.Abs(found.Distance - expected[i].Distance) <= Math.Abs(expected[i].Distance) * 3e-7f, place);
                if (expected[i].Row >= 0)
                    Assert.True(Math.Abs(found.Distance - expected[i].Distance) <= Math.Max(Near * 1e-2f, Math.Abs(expected[i].Distance) * 3e-7f), place);
            }
        }
    }
}
