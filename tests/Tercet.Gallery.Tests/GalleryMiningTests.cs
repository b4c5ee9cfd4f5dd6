using CommunityToolkit.HighPerformance;
using Tercet.Galleries.Mining;
using Tercet.Mining;

namespace Tercet.Galleries.Tests;

/// <summary>Mining a gallery, some anchors at a time, against mining the same rows in memory at once.</summary>
public sealed class GalleryMiningTests : IDisposable
{
    private readonly TestGallery _test = new();

    public void Dispose() => _test.Dispose();

    public static TheoryData<GalleryElement, bool, DistanceMetric> Forms
    {
        get
        {
            var forms = new TheoryData<GalleryElement, bool, DistanceMetric>();
            foreach (DistanceMetric metric in Enum.GetValues<DistanceMetric>())
            {
                forms.Add(GalleryElement.Float32, false, metric);
                forms.Add(GalleryElement.Float32, true, metric);
                forms.Add(GalleryElement.Float16, false, metric);
            }

            return forms;
        }
    }

    private static IEnumerable<GalleryMiningOptions> Ways(DistanceMetric metric)
    {
        foreach (MiningRule rule in Enum.GetValues<MiningRule>())
        {
            MiningOptions options = new() { Rule = rule, Metric = metric, Margin = 0.6, Seed = 5, Threads = 2, Normalize = rule == MiningRule.DistanceWeighted };
            yield return new GalleryMiningOptions { Mining = options };
            yield return new GalleryMiningOptions { Mining = options with { Statistics = StatisticsLevel.Selected } };
        }

        MiningOptions plain = new() { Metric = metric, Margin = 0.05, WithinMargin = true };
        yield return new GalleryMiningOptions { Mining = plain with { Fallback = SemiHardFallback.EasiestNegative } };
        foreach (TripletKind kind in Enum.GetValues<TripletKind>())
            yield return new GalleryMiningOptions { Mining = plain, Kind = kind, Where = row => row.Id % 9 == 0 };
        yield return new GalleryMiningOptions { Mining = plain, PairEpsilon = 0.1 };
        yield return new GalleryMiningOptions { Mining = plain, NegativeOnlyLabel = "bob" };
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Mine_EveryRule_GivesWhatTheRowsInMemoryGive(GalleryElement element, bool compact, DistanceMetric metric)
    {
        using Gallery gallery = Fill(element, compact);
        using GallerySnapshot snapshot = gallery.Snapshot();
        int triplets = 0;
        foreach (GalleryMiningOptions way in Ways(metric))
        {
            Collected expected = new(), actual = new();
            MiningStatistics statistics = MineInMemory(snapshot, way, null, expected);
            foreach (int step in (int[])[131, 100_000])
            {
                actual.Triplets.Clear();
                using GalleryMiner miner = new(snapshot, way with { AnchorsAtOnce = step });
                AssertSame(statistics, miner.Mine(actual, TestContext.Current.CancellationToken));
                Assert.True(expected.Triplets.SequenceEqual(actual.Triplets), $"{way.Mining.Rule} {way.Kind} {way.PairEpsilon} {step}");
            }

            triplets += actual.Triplets.Count;
        }

        Assert.InRange(triplets, 1000, int.MaxValue);
    }

    [Fact]
    public void Mine_AnchorsThatAreNoRows_GivesWhatTheRowsInMemoryGive()
    {
        using Gallery gallery = Fill(GalleryElement.Float32, compact: true);
        using GallerySnapshot snapshot = gallery.Snapshot();
        float[] rows = [.. Enumerable.Range(0, 50).SelectMany(i => TestGallery.Vector(5000 + i))];
        string[] labels = [.. Enumerable.Range(0, 50).Select(i => i % 3 == 0 ? "ann" : i % 3 == 1 ? "Zoë" : "stranger")];
        GalleryAnchors anchors = new(rows.AsMemory().AsMemory2D(50, TestGallery.Dimension), labels);
        foreach (GalleryMiningOptions way in Ways(DistanceMetric.Euclidean))
        {
            Collected expected = new(), actual = new();
            MiningStatistics statistics = MineInMemory(snapshot, way, anchors, expected);
            using GalleryMiner miner = new(snapshot, way with { AnchorsAtOnce = 7 }, anchors);
            AssertSame(statistics, miner.Mine(actual, TestContext.Current.CancellationToken));
            Assert.Equal(expected.Triplets, actual.Triplets);
        }

        Assert.Throws<ArgumentException>("anchors", () => new GalleryMiner(snapshot, null, anchors with { Labels = ["ann"] }));
    }

    [Theory]
    [InlineData("triplets.npy", true)]
    [InlineData("triplets.csv", false)]
    public void MineTo_CutShortAfterAnyStep_GoesOnToTheSameFile(string name, bool compact)
    {
        using Gallery gallery = Fill(GalleryElement.Float32, compact);
        using GallerySnapshot snapshot = gallery.Snapshot();
        string whole = Path.Combine(_test.Folder, "..", "whole-" + name), parts = Path.Combine(_test.Folder, "..", name);
        GalleryMiningOptions options = new() { Mining = new MiningOptions { Rule = MiningRule.RandomHard, Seed = 3 }, AnchorsAtOnce = 60 };
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        MiningStatistics expected = GalleryMiner.MineTo(snapshot, whole, options, null, cancellation);
        Assert.InRange(expected.Selected, 1000, long.MaxValue);

        int stops = 0;
        for (MiningStatistics? found = null; found is null;)
        {
            int steps = 0;
            GalleryMiningOptions stopping = options with { Progress = _ => Stop(ref steps) };
            try
            {
                found = GalleryMiner.MineTo(snapshot, parts, stopping, null, cancellation);
                Assert.Equal(expected, found);
            }
            catch (TimeoutException)
            {
                // What a step had not finished when the process ended is cut off.
                File.AppendAllText(parts + ".part", "half a row");
                stops++;
            }
        }

        Assert.InRange(stops, 3, 100);
        Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(parts));
        Assert.False(File.Exists(parts + ".part") || File.Exists(parts + ".progress") || File.Exists(parts + ".rows"));

        static void Stop(ref int steps)
        {
            if (++steps == 2)
                throw new TimeoutException();
        }
    }

    [Fact]
    public void MineTo_AfterAnotherRuleCommitOrLostPart_BeginsAnew()
    {
        using Gallery gallery = Fill(GalleryElement.Float32, compact: false);
        string path = Path.Combine(_test.Folder, "..", "t.npy"), whole = Path.Combine(_test.Folder, "..", "whole.npy");
        GalleryMiningOptions options = new() { AnchorsAtOnce = 100 };
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        foreach (string change in (string[])["rule", "commit", "part", "progress"])
        {
            GalleryMiningOptions first = options with { Mining = new MiningOptions { Margin = change == "rule" ? 0.3 : 0.2 }, Progress = _ => throw new TimeoutException() };
            using (GallerySnapshot snapshot = gallery.Snapshot())
                Assert.Throws<TimeoutException>(() => GalleryMiner.MineTo(snapshot, path, first, null, cancellation));
            if (change == "commit")
            {
                using GalleryWriter writer = gallery.OpenWriter();
                writer.Remove(14);
                writer.Commit();
                gallery.Reload();
            }

            if (change == "part")
                File.Delete(path + ".part");
            if (change == "progress")
                File.WriteAllText(path + ".progress", "{");
            using GallerySnapshot now = gallery.Snapshot();
            List<int> steps = [];
            MiningStatistics found = GalleryMiner.MineTo(now, path, options with { Progress = steps.Add }, null, cancellation);
            Assert.Equal(100, steps[0]);
            Assert.Equal(GalleryMiner.MineTo(now, whole, options, null, cancellation), found);
            Assert.Equal(File.ReadAllBytes(whole), File.ReadAllBytes(path));
        }
    }

    [Fact]
    public void Mine_NothingToMine_IsRefused()
    {
        using Gallery gallery = _test.Create();
        using GallerySnapshot snapshot = gallery.Snapshot();
        Assert.Contains("no rows", Assert.Throws<GalleryException>(() => new GalleryMiner(snapshot)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("path", () => GalleryMiner.MineTo(snapshot, "triplets.txt", null, null, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>("options", () => new GalleryMiner(snapshot, new GalleryMiningOptions { Mining = new MiningOptions { NegativeOnlyLabel = 1 } }));
    }

    private Gallery Fill(GalleryElement element, bool compact)
    {
        Gallery gallery = _test.Create(TestGallery.Schema(element: element));
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 300, 250);
        TestGallery.Add(writer, 0, 200);
        TestGallery.Add(writer, 120, 30, version: 1);
        for (long id = 3; id < 500; id += 17)
            writer.Remove(id);
        writer.Commit();
        if (compact)
            writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
        gallery.Reload();
        return gallery;
    }

    private static MiningStatistics MineInMemory(GallerySnapshot snapshot, GalleryMiningOptions way, GalleryAnchors? anchors, Collected triplets)
    {
        GalleryRow[] rows = [.. snapshot.Rows().Where(way.Where ?? (_ => true))];
        List<string> names = [];
        float[] matrix = [.. rows.SelectMany(row => row.Vector.ToArray())];
        long[] labels = [.. rows.Select(row => CodeOf(row.Label))];
        ReadOnlySpan2D<float> gallery = new(matrix, rows.Length, TestGallery.Dimension);
        MiningInput input = anchors is null
            ? MiningInput.Batch(gallery, labels)
            : MiningInput.AgainstGallery(anchors.Rows.Span, [.. anchors.Labels.Select(CodeOf)], gallery, labels);
        MiningOptions options = way.Mining with { NegativeOnlyLabel = -1 };
        using TripletMiner miner = new();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        if (way.Kind is { } kind)
            return miner.Stream(input, kind, options, triplets, cancellation);
        if (way.PairEpsilon is { } epsilon)
            return miner.StreamPairs(input, epsilon, options, triplets.Add, cancellation);
        Triplet[] room = new Triplet[miner.Capacity(input, options)];
        int count = miner.Mine(input, options, room, out MiningStatistics statistics, cancellation);
        triplets.Consume(room.AsSpan(0, count));
        return statistics;

        long CodeOf(string label)
        {
            if (label.Length == 0 || label == way.NegativeOnlyLabel)
                return -1;
            if (!names.Contains(label))
                names.Add(label);
            return names.IndexOf(label);
        }
    }

    // Sums over steps are the sums over all, but for the order in which streams add them.
    private static void AssertSame(MiningStatistics expected, MiningStatistics actual)
    {
        Assert.Equal(expected.MeanPositiveDistance, actual.MeanPositiveDistance, 1e-6);
        Assert.Equal(expected.MeanNegativeDistance, actual.MeanNegativeDistance, 1e-6);
        Assert.Equal(expected, actual with { MeanPositiveDistance = expected.MeanPositiveDistance, MeanNegativeDistance = expected.MeanNegativeDistance });
    }

    private sealed class Collected : ITripletConsumer
    {
        public List<Triplet> Triplets { get; } = [];

        public void Consume(ReadOnlySpan<Triplet> triplets) => Triplets.AddRange(triplets);

        public void Add(MinedPair pair) => Triplets.Add(pair.IsPositive
            ? new Triplet(pair.Anchor, pair.Other, -1, pair.Distance, float.NaN)
            : new Triplet(pair.Anchor, -1, pair.Other, float.NaN, pair.Distance));
    }
}
