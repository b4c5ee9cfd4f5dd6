using System.Globalization;
using Tercet.Galleries.Format;

namespace Tercet.Galleries.Tests;

/// <summary>Readers search while a writer adds, removes and compacts. <c>TERCET_SOAK_SECONDS</c> says how long.</summary>
public sealed class SoakTests : IDisposable
{
    private const int Readers = 8;
    private const int Ids = 900;
    private const int K = 5;

    private readonly TestGallery _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public async Task Search_EightReadersBesideAWriter_EveryAnswerIsThatOfTheCommitItNames()
    {
        int seconds = int.TryParse(Environment.GetEnvironmentVariable("TERCET_SOAK_SECONDS"), CultureInfo.InvariantCulture, out int asked) ? asked : 5;
        DateTime end = DateTime.UtcNow.AddSeconds(seconds);
        using Gallery gallery = _test.Create(options: new GalleryOptions { ReloadEvery = TimeSpan.FromMilliseconds(3), Threads = 1, CellsFrom = Ids / 3 });
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, Ids / 2);
        gallery.Reload();
        long answers = 0, withCells = 0;
        HashSet<long> generations = [];
        Task[] readers = [.. Enumerable.Range(0, Readers).Select(reader => Task.Factory.StartNew(
            () =>
            {
                GalleryNeighbor[] found = new GalleryNeighbor[K];
                for (int i = reader; DateTime.UtcNow < end; i += Readers)
                {
                    float[] query = TestGallery.Vector(i % 3000, 9);
                    using GallerySnapshot snapshot = gallery.Snapshot();
                    gallery.Search(query, found, out long generation);
                    if (generation == snapshot.Generation)
                        AssertAnswer(snapshot, query, found);
                    snapshot.Search(query, found);
                    AssertAnswer(snapshot, query, found);
                    Interlocked.Increment(ref answers);
                    lock (generations)
                        generations.Add(snapshot.Generation);
                }
            },
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default))];

        Random random = new(1);
        for (int step = 1; DateTime.UtcNow < end; step++)
        {
            for (int i = random.Next(1, 40); i > 0; i--)
            {
                long id = random.Next(Ids);
                if (random.Next(3) == 0)
                    writer.Remove(id);
                else
                    writer.Put(id, TestGallery.Vector(id, step), TestGallery.Facts(id, step));
            }

            if (step % 9 == 0)
            {
                writer.Compact(cancellationToken: TestContext.Current.CancellationToken);
                withCells += Directory.GetFiles(_test.Folder, "*" + SegmentNames.Cells).Length;
            }
            else
            {
                writer.Commit();
            }
        }

        await Task.WhenAll(readers);
        Assert.Null(gallery.ReloadFailure);
        Assert.True(answers > Readers, $"{answers} answers");
        Assert.True(withCells > 0, "no segment had cells");
        Assert.True(generations.Count > 3, $"{generations.Count} commits were searched");
    }

    private static void AssertAnswer(GallerySnapshot snapshot, float[] query, GalleryNeighbor[] found)
    {
        GalleryNeighbor[] expected = TestGallery.Nearest(snapshot, query, K);
        for (int i = 0; i < K; i++)
        {
            Assert.Equal(expected[i].Distance, found[i].Distance, 1e-5f);
            if (expected[i].Id != found[i].Id)
                Assert.True(i > 0 && Math.Abs(expected[i].Distance - expected[i - 1].Distance) < 1e-6f || i + 1 < K && Math.Abs(expected[i + 1].Distance - expected[i].Distance) < 1e-6f || i + 1 == K);
        }
    }
}
