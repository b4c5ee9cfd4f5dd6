using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Backends.Cpu;
using Tercet.Search;

namespace Tercet.Galleries.Tests;

public sealed class GallerySearchTests : IDisposable
{
    private readonly TestGallery _test = new();

    public void Dispose() => _test.Dispose();

    public static TheoryData<SearchMetric, GalleryElement, SearchFilter> Forms
    {
        get
        {
            var forms = new TheoryData<SearchMetric, GalleryElement, SearchFilter>();
            foreach (SearchMetric metric in Enum.GetValues<SearchMetric>())
            {
                foreach (GalleryElement element in Enum.GetValues<GalleryElement>())
                {
                    foreach (SearchFilter filter in Enum.GetValues<SearchFilter>())
                        forms.Add(metric, element, filter);
                }
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Search_ManySegmentsWithRemovedAndReplacedRows_EqualsTheFullScan(SearchMetric metric, GalleryElement element, SearchFilter filter)
    {
        GalleryOptions options = new() { Filter = filter, Threads = 2 };
        using Gallery gallery = _test.Create(TestGallery.Schema(metric, element), options);
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 1000, 700);
        TestGallery.Add(writer, 0, 300);
        AssertSearches(gallery);
        for (long id = 3; id < 1600; id += 7)
            writer.Remove(id);
        TestGallery.Add(writer, 1200, 60, version: 1);
        AssertSearches(gallery);
        writer.Put(2, new float[TestGallery.Dimension]);
        writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
        AssertSearches(gallery);
    }

    [Fact]
    public void Search_EveryWidth_GivesTheSameAnswer()
    {
        using Gallery gallery = _test.Create();
        using (GalleryWriter writer = gallery.OpenWriter())
            TestGallery.Add(writer, 0, 500);
        gallery.Reload();
        GalleryNeighbor[] expected = new GalleryNeighbor[20];
        gallery.Search(TestGallery.Vector(77), expected);
        foreach (CpuLanes lanes in CpuBackend.SupportedLanes)
        {
            using Gallery other = Gallery.Open(_test.Folder, new GalleryOptions { Lanes = lanes });
            GalleryNeighbor[] found = new GalleryNeighbor[20];
            other.Search(TestGallery.Vector(77), found);
            Assert.Equal(expected, found);
        }
    }

    [Fact]
    public void Search_Warm_AllocatesNothing()
    {
        using Gallery gallery = _test.Create(options: new GalleryOptions { Threads = 1 });
        using (GalleryWriter writer = gallery.OpenWriter())
        {
            TestGallery.Add(writer, 0, 300);
            TestGallery.Add(writer, 300, 2000);
        }

        gallery.Reload();
        float[] query = TestGallery.Vector(5);
        GalleryNeighbor[] found = new GalleryNeighbor[10];
        using GallerySnapshot snapshot = gallery.Snapshot();
        Span2D<GalleryNeighbor> nearest = new(found, 2, 5);
        ReadOnlySpan2D<float> queries = new(query, 1, query.Length);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        long before = 0;

        // The first round makes working memory; the second must not.
        for (int round = 0; round < 2; round++)
        {
            GC.Collect();
            before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 50; i++)
            {
                gallery.Search(query, found);
                gallery.SearchBatch(queries, 5, nearest[..1, ..], cancellation);
                snapshot.Search(query, found);
                snapshot.Search(query, "Zoë", found);
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("ann", 9)]
    [InlineData("Zoë", 200)]
    [InlineData("nobody", 3)]
    public void Search_OfALabel_EqualsTheFullScanOfItsRows(string label, int k)
    {
        using Gallery gallery = _test.Create(TestGallery.Schema(SearchMetric.Cosine));
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 100, 200);
        TestGallery.Add(writer, 0, 60);
        writer.Remove(4);
        writer.Remove(102);
        writer.Commit();
        using GallerySnapshot snapshot = writer.Snapshot();
        HashSet<long> ids = [.. snapshot.Rows().Where(row => row.Label == label).Select(row => row.Id)];
        GalleryNeighbor[] expected = [.. TestGallery.Nearest(snapshot, TestGallery.Vector(7), 260).Where(neighbor => ids.Contains(neighbor.Id))];
        GalleryNeighbor[] found = new GalleryNeighbor[k];
        int count = snapshot.Search(TestGallery.Vector(7), label, found);
        Assert.Equal(Math.Min(k, ids.Count), count);
        for (int i = 0; i < k; i++)
        {
            Assert.Equal(i < count ? expected[i].Distance : float.PositiveInfinity, found[i].Distance, 1e-6f);
            Assert.True(i >= count || ids.Contains(found[i].Id));
        }

        Assert.Equal(count, found.Take(count).Distinct().Count());
    }

    [Fact]
    public void Search_EmptyGallery_FindsNothing()
    {
        using Gallery gallery = _test.Create();
        GalleryNeighbor[] found = new GalleryNeighbor[3];
        Assert.Equal(0, gallery.Search(TestGallery.Vector(1), found));
        Assert.All(found, neighbor => Assert.Equal(GalleryNeighbor.None, neighbor));
    }

    [Fact]
    public void Search_BadArguments_AreRefusedByName()
    {
        using Gallery gallery = _test.Create();
        using (GalleryWriter writer = gallery.OpenWriter())
            TestGallery.Add(writer, 0, 3);
        gallery.Reload();
        float[] query = TestGallery.Vector(1);
        GalleryNeighbor[] found = new GalleryNeighbor[2];
        Assert.Contains("11 components", Assert.Throws<ArgumentException>("query", () => gallery.Search(query.AsSpan(1), found)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("nearest", () => gallery.Search(query, new GalleryNeighbor[FlatIndex.LargestK + 1]));
        Assert.Throws<ArgumentOutOfRangeException>("k", () => gallery.SearchBatch(new ReadOnlySpan2D<float>(query, 1, query.Length), 0, default, TestContext.Current.CancellationToken));
        query[3] = float.NaN;
        Assert.Throws<ArgumentException>(() => gallery.Search(query, found));
    }

    private static void AssertSearches(Gallery gallery)
    {
        gallery.Reload();
        using GallerySnapshot snapshot = gallery.Snapshot();
        Assert.Equal(gallery.Count, snapshot.Rows().LongCount());
        float[][] queries = [.. Enumerable.Range(0, 30).Select(i => TestGallery.Vector(i * 61)), new float[TestGallery.Dimension]];
        const int K = 15;
        GalleryNeighbor[,] batch = new GalleryNeighbor[queries.Length, K];
        float[] flat = [.. queries.SelectMany(query => query)];
        int count = gallery.SearchBatch(new ReadOnlySpan2D<float>(flat, queries.Length, TestGallery.Dimension), K, batch, TestContext.Current.CancellationToken);
        Assert.Equal(K, count);
        GalleryNeighbor[] found = new GalleryNeighbor[K];
        for (int query = 0; query < queries.Length; query++)
        {
            Assert.Equal(K, gallery.Search(queries[query], found));
            GalleryNeighbor[] expected = TestGallery.Nearest(snapshot, queries[query], K);
            for (int i = 0; i < K; i++)
            {
                Assert.Equal(expected[i].Distance, found[i].Distance, 1e-5f);
                Assert.Equal(found[i], batch[query, i]);

                // The oracle sums in another order: keys that near may come in the other's place, but only where they are that near.
                if (expected[i].Id != found[i].Id)
                    Assert.Contains(expected, other => other.Id == found[i].Id && Math.Abs(other.Distance - expected[i].Distance) < 1e-6f);
            }
        }
    }
}
