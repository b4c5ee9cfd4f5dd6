using CommunityToolkit.HighPerformance;
using Tercet.Search;

namespace Tercet.Galleries.Tests;

/// <summary>Segments that have k-means cells: searched exactly, searched approximately, written, taken up and done without.</summary>
public sealed class CellTests : IDisposable
{
    private const int K = 12;

    private static readonly GalleryOptions WithCells = new() { CellsFrom = 500, Threads = 2 };

    private readonly TestGallery _test = new();

    public void Dispose() => _test.Dispose();

    public static TheoryData<SearchMetric, GalleryElement> Forms
    {
        get
        {
            var forms = new TheoryData<SearchMetric, GalleryElement>();
            foreach (SearchMetric metric in Enum.GetValues<SearchMetric>())
            {
                foreach (GalleryElement element in Enum.GetValues<GalleryElement>())
                    forms.Add(metric, element);
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Search_SegmentsWithAndWithoutCells_EqualsTheFullScan(SearchMetric metric, GalleryElement element)
    {
        using Gallery gallery = _test.Create(TestGallery.Schema(metric, element), WithCells);
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 2000);
        TestGallery.Add(writer, 3000, 40);
        Assert.Single(Directory.GetFiles(_test.Folder, "*.cells"));
        AssertSearches(gallery);
        for (long id = 1; id < 2000; id += 3)
            writer.Remove(id);
        TestGallery.Add(writer, 100, 30, version: 1);
        AssertSearches(gallery);
        writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Single(Directory.GetFiles(_test.Folder, "*.cells"));
        AssertSearches(gallery);
    }

    [Fact]
    public void Compact_GalleryWithoutCells_MakesThem()
    {
        using (Gallery old = _test.Create(options: new GalleryOptions { CellsFrom = int.MaxValue }))
        using (GalleryWriter writer = old.OpenWriter())
        {
            TestGallery.Add(writer, 0, 900);
            writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
        }

        Assert.StartsWith("tercet gallery 1 ", File.ReadAllText(Path.Combine(_test.Folder, "manifest")), StringComparison.Ordinal);
        using Gallery gallery = Gallery.Open(_test.Folder, WithCells);
        Assert.Equal(K, gallery.SearchApproximately(TestGallery.Vector(5), 1, new GalleryNeighbor[K]));
        string hash = Hash(gallery);
        List<double> shares = [];
        using (GalleryWriter writer = gallery.OpenWriter())
            writer.Compact(new Shares(shares), TestContext.Current.CancellationToken);
        Assert.Equal(shares.Order(), shares);
        Assert.InRange(shares[^1], 0.5, 1);
        Assert.StartsWith("tercet gallery 2 ", File.ReadAllText(Path.Combine(_test.Folder, "manifest")), StringComparison.Ordinal);
        AssertSearches(gallery);
        Assert.Equal(hash, Hash(gallery));
        long generation = gallery.Generation;
        using (GalleryWriter writer = gallery.OpenWriter())
            Assert.Equal(generation, writer.Compact(cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void Compact_Cancelled_LeavesTheGalleryAsItWas()
    {
        using Gallery gallery = _test.Create(options: WithCells);
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 900);
        TestGallery.Add(writer, 900, 900);
        gallery.Reload();
        string[] files = Directory.GetFiles(_test.Folder);
        string hash = Hash(gallery);
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => writer.Compact(new Stopping(stop), stop.Token));
        Assert.Equal(files.Order(), Directory.GetFiles(_test.Folder).Order());
        Assert.False(gallery.Reload());
        writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(gallery.Reload());
        Assert.Equal(hash, Hash(gallery));
    }

    [Fact]
    public void SearchApproximately_AllCells_IsExactAndFewerFindLess()
    {
        using Gallery gallery = _test.Create(options: WithCells);
        using (GalleryWriter writer = gallery.OpenWriter())
        {
            TestGallery.Add(writer, 0, 3000);
            for (long id = 0; id < 3000; id += 4)
                writer.Remove(id);
            writer.Commit();
        }

        gallery.Reload();
        using GallerySnapshot snapshot = gallery.Snapshot();
        GalleryNeighbor[] exact = new GalleryNeighbor[K], found = new GalleryNeighbor[K];
        int few = 0;
        for (int query = 0; query < 30; query++)
        {
            float[] vector = TestGallery.Vector(10_000 + query);
            gallery.Search(vector, exact);
            Assert.Equal(K, snapshot.SearchApproximately(vector, snapshot.Cells, found));
            Assert.Equal(exact, found);
            int count = gallery.SearchApproximately(vector, 2, found);
            few += exact.Intersect(found).Count();
            Assert.All(found[..count], neighbor => Assert.NotEqual(0, neighbor.Id % 4));
            Assert.All(found[count..], neighbor => Assert.Equal(GalleryNeighbor.None, neighbor));
        }

        Assert.InRange(few, 1, (30 * K) - 1);
    }

    [Fact]
    public void Search_Warm_AllocatesNothing()
    {
        using Gallery gallery = _test.Create(options: WithCells with { Threads = 1 });
        using (GalleryWriter writer = gallery.OpenWriter())
        {
            TestGallery.Add(writer, 0, 1500);
            TestGallery.Add(writer, 1500, 100);
        }

        gallery.Reload();
        float[] query = TestGallery.Vector(5);
        GalleryNeighbor[] found = new GalleryNeighbor[10];
        ReadOnlySpan2D<float> queries = new(query, 1, query.Length);
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        long before = 0;
        for (int round = 0; round < 2; round++)
        {
            GC.Collect();
            before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 50; i++)
            {
                gallery.Search(query, found);
                gallery.SearchApproximately(query, 2, found);
                gallery.SearchBatch(queries, 10, new Span2D<GalleryNeighbor>(found, 1, 10), cancellation);
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Reload_WhileSnapshotsAreOpen_EachHasItsOwnCells()
    {
        using Gallery gallery = _test.Create(options: WithCells);
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 800);
        gallery.Reload();
        using GallerySnapshot before = gallery.Snapshot();
        GalleryNeighbor[] expected = TestGallery.Nearest(before, TestGallery.Vector(17), K);
        for (int i = 0; i < K; i++)
            writer.Remove(expected[i].Id);
        TestGallery.Add(writer, 5000, 700);
        writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
        gallery.Reload();
        GalleryNeighbor[] found = new GalleryNeighbor[K];
        Assert.Equal(K, before.Search(TestGallery.Vector(17), found));
        Assert.Equal(expected.Select(each => each.Distance), found.Select(each => each.Distance), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Equal(K, gallery.Search(TestGallery.Vector(17), found));
        Assert.Empty(found.Select(each => each.Id).Intersect(expected.Select(each => each.Id)));
    }

    private static string Hash(Gallery gallery)
    {
        using GallerySnapshot snapshot = gallery.Snapshot();
        return snapshot.ContentHash();
    }

    // Every answer equals that of the gallery opened without any filter, to the bit.
    private static void AssertSearches(Gallery gallery)
    {
        gallery.Reload();
        using Gallery plain = Gallery.Open(gallery.Folder, new GalleryOptions { Filter = SearchFilter.None, Threads = 1 });
        using GallerySnapshot snapshot = gallery.Snapshot();
        Assert.True(snapshot.Cells > 0);
        GalleryNeighbor[] expected = new GalleryNeighbor[K], found = new GalleryNeighbor[K];
        for (int query = 0; query < 40; query++)
        {
            float[] vector = query == 0 ? new float[TestGallery.Dimension] : TestGallery.Vector(query * 61);
            plain.Search(vector, expected);
            Assert.Equal(K, gallery.Search(vector, found));
            Assert.Equal(expected, found);
        }
    }

    private sealed class Shares(List<double> shares) : IProgress<double>
    {
        public void Report(double value) => shares.Add(value);
    }

    private sealed class Stopping(CancellationTokenSource stop) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value > 0.6)
                stop.Cancel();
        }
    }
}
