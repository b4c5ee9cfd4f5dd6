using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Search;

namespace Tercet.Tests.Search;

public sealed class FlatIndexContractTests
{
    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Constructor_ComponentNotFinite_NamesTheRow(float value)
    {
        float[,] rows = SearchOracle.Rows(40, 11, seed: 1);
        rows[33, 7] = value;

        ArgumentException failure = Assert.Throws<ArgumentException>(() => new FlatIndex(rows.AsMemory2D(), new FlatIndexOptions { Filter = SearchFilter.Int8 }));

        Assert.Equal("rows", failure.ParamName);
        Assert.Contains("[33, 7]", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_NormTooLarge_IsRefused()
    {
        ArgumentException failure = Assert.Throws<ArgumentException>(() => FlatIndex.CopyOf(new float[,] { { 1 }, { 1e30f } }));

        Assert.Contains("row 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_EmptyGalleryOrUnknownOption_IsRefused()
    {
        float[,] rows = SearchOracle.Rows(2, 2, seed: 1);

        Assert.Throws<ArgumentException>(() => FlatIndex.CopyOf(new float[0, 4]));
        Assert.Throws<ArgumentException>(() => new FlatIndex(rows.AsMemory2D(), new FlatIndexOptions { Threads = -1 }));
        Assert.Throws<ArgumentException>(() => new FlatIndex(rows.AsMemory2D(), new FlatIndexOptions { Metric = (SearchMetric)9 }));
        Assert.Throws<ArgumentException>(() => new FlatIndex(rows.AsMemory2D(), new FlatIndexOptions { Filter = (SearchFilter)9 }));
    }

    [Fact]
    public void Search_QueryThatDoesNotFit_IsRefused()
    {
        using var index = new FlatIndex(SearchOracle.Rows(5, 3, seed: 1).AsMemory2D());

        Assert.Equal("query", Assert.Throws<ArgumentException>(() => index.Search(new float[4], new Neighbor[1])).ParamName);
        Assert.Equal("nearest", Assert.Throws<ArgumentException>(() => index.Search(new float[3], new Neighbor[1025])).ParamName);
        Assert.Contains("[0, 2]", Assert.Throws<ArgumentException>(() => index.Search([0, 0, float.NaN], new Neighbor[1])).Message, StringComparison.Ordinal);
        Assert.Equal(0, index.Search(new float[3], []));
    }

    [Fact]
    public void SearchBatch_ShapesThatDoNotFit_AreRefused()
    {
        using var index = new FlatIndex(SearchOracle.Rows(5, 3, seed: 1).AsMemory2D());
        CancellationToken token = TestContext.Current.CancellationToken;

        Assert.Throws<ArgumentOutOfRangeException>(() => index.SearchBatch(new float[2, 3], 0, new Neighbor[2, 0], token));
        Assert.Throws<ArgumentOutOfRangeException>(() => index.SearchBatch(new float[2, 3], 1025, new Neighbor[2, 1025], token));
        Assert.Throws<ArgumentException>(() => index.SearchBatch(new float[2, 4], 1, new Neighbor[2, 1], token));
        Assert.Throws<ArgumentException>(() => index.SearchBatch(new float[2, 3], 2, new Neighbor[2, 1], token));
        Assert.Throws<ArgumentException>(() => index.SearchBatch(new float[2, 3], 1, new Neighbor[3, 1], token));
        Assert.Equal(2, index.SearchBatch(new float[0, 3], 2, new Neighbor[0, 2], token));
    }

    [Fact]
    public void SearchBatch_Cancelled_Throws()
    {
        using var index = new FlatIndex(SearchOracle.Rows(5, 3, seed: 1).AsMemory2D());

        Assert.Throws<OperationCanceledException>(() => index.SearchBatch(new float[2, 3], 1, new Neighbor[2, 1], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Search_Disposed_Throws()
    {
        var index = new FlatIndex(SearchOracle.Rows(5, 3, seed: 1).AsMemory2D());
        index.Dispose();
        index.Dispose();

        Assert.Throws<ObjectDisposedException>(() => index.Search(new float[3], new Neighbor[1]));
    }

    [Theory]
    [InlineData(SearchFilter.None, 1)]
    [InlineData(SearchFilter.None, 40)]
    [InlineData(SearchFilter.Int8, 1)]
    [InlineData(SearchFilter.Int8, 40)]
    public void SearchBatch_SecondCall_AllocatesNothing(SearchFilter filter, int count)
    {
        using var index = new FlatIndex(SearchOracle.Rows(4000, 32, seed: 1).AsMemory2D(), new FlatIndexOptions { Filter = filter, Threads = 1 });
        float[,] queries = SearchOracle.Rows(count, 32, seed: 2);
        var nearest = new Neighbor[count, 10];
        index.SearchBatch(queries, 10, nearest, TestContext.Current.CancellationToken);
        index.SearchBatch(queries, 10, nearest, TestContext.Current.CancellationToken);

        GC.Collect();
        long before = GC.GetAllocatedBytesForCurrentThread();
        index.SearchBatch(queries, 10, nearest, TestContext.Current.CancellationToken);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void SearchBatch_ManyCallers_EachGetsItsOwnAnswer()
    {
        float[,] gallery = SearchOracle.Rows(3000, 20, seed: 3);
        float[,] queries = SearchOracle.Rows(30, 20, seed: 4);
        using var index = new FlatIndex(gallery.AsMemory2D(), new FlatIndexOptions { Filter = SearchFilter.Int8, Threads = 2 });
        int[][] expected = [.. Enumerable.Range(0, 30).Select(q => SearchOracle.Nearest(gallery, queries, q, 5, SearchMetric.SquaredEuclidean).Select(n => n.Row).ToArray())];

        Parallel.For(0, 60, new ParallelOptions { MaxDegreeOfParallelism = 6 }, call =>
        {
            int first = call % 25;
            int count = call % 3 == 0 ? 30 - first : 1 + (call % 5);
            var nearest = new Neighbor[count, 5];
            index.SearchBatch(queries.AsSpan2D()[first..(first + count), ..], 5, nearest, CancellationToken.None);
            for (int i = 0; i < count; i++)
                Assert.Equal(expected[first + i], nearest.GetRow(i).ToArray().Select(n => n.Row));
        });
    }

    [Fact]
    public void SearchBatch_StridedRows_ReadsOnlyTheirColumns()
    {
        float[,] wide = SearchOracle.Rows(300, 40, seed: 5);
        for (int row = 0; row < 300; row++)
            wide[row, 0] = wide[row, 39] = float.NaN;
        float[,] narrow = wide.AsSpan2D()[.., 1..39].ToArray();
        using var index = new FlatIndex(new ReadOnlyMemory2D<float>(wide)[.., 1..39], new FlatIndexOptions { Filter = SearchFilter.Int8 });
        foreach (int count in (int[])[1, 30])
        {
            var nearest = new Neighbor[count, 4];
            index.SearchBatch(wide.AsSpan2D()[..count, 1..39], 4, nearest, TestContext.Current.CancellationToken);
            for (int i = 0; i < count; i++)
                Assert.Equal(SearchOracle.Nearest(narrow, narrow, i, 4, SearchMetric.SquaredEuclidean).Select(n => n.Row), nearest.GetRow(i).ToArray().Select(n => n.Row));
        }
    }

    [Fact]
    public void Search_MappedAndPinnedAndCopied_AgreeWithTheOracle()
    {
        float[,] rows = SearchOracle.Rows(777, 21, seed: 6);
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllBytes(path, rows.AsSpan().AsBytes());
        try
        {
            using var mapped = new MappedMatrix(File.OpenRead(path), 0, 777, 21);
            using var pinned = new PinnedMatrix(777, 21);
            rows.AsSpan2D().CopyTo(pinned.Span);
            using var fromMap = new FlatIndex(mapped);
            using var fromPinned = new FlatIndex(pinned, new FlatIndexOptions { Filter = SearchFilter.Int8 });
            using FlatIndex copy = FlatIndex.CopyOf(rows);
            Neighbor[] expected = SearchOracle.Nearest(rows, rows, 5, 6, SearchMetric.SquaredEuclidean);
            float[] query = rows.GetRow(5).ToArray();
            foreach (FlatIndex index in (FlatIndex[])[fromMap, fromPinned, copy])
            {
                var nearest = new Neighbor[6];
                index.Search(query, nearest);
                Assert.Equal(expected.Select(n => n.Row), nearest.Select(n => n.Row));
                Assert.Equal((777, 21), (index.Count, index.Dimension));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }
}
