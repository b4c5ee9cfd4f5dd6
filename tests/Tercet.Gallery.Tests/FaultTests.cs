namespace Tercet.Galleries.Tests;

/// <summary>Every call that a writer makes of the file system fails once, and from then on.</summary>
public sealed class FaultTests
{
    private const int CellsFrom = 500;

    public static TheoryData<FaultKind, bool> Kinds
    {
        get
        {
            var kinds = new TheoryData<FaultKind, bool>();
            foreach (FaultKind kind in Enum.GetValues<FaultKind>())
            {
                kinds.Add(kind, false);
                kinds.Add(kind, true);
            }

            return kinds;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Commit_AnyCallFails_LeavesTheOldStateAndGoesOnAfterwards(FaultKind kind, bool fromThereOn)
    {
        int failures = 0;
        for (int failing = 1; failing < 1000; failing++)
        {
            using TestGallery test = new();
            FaultyFiles files = new(fromThereOn, kind);
            using Gallery gallery = test.Create(options: new GalleryOptions { Files = new FaultyFiles(false, kind), Threads = 1, CellsFrom = CellsFrom });
            Prepare(gallery);
            using Gallery faulty = Gallery.Open(test.Folder, new GalleryOptions { Files = files, Threads = 1, CellsFrom = CellsFrom });
            using GalleryWriter writer = faulty.OpenWriter();
            string before = Hash(test.Folder);
            Change(writer);
            files.Arm(failing);
            TercetException? failure = Record.Exception(() => writer.Commit()) as TercetException;

            string after = Hash(test.Folder);
            files.Disarm();
            if (failure is null)
                Assert.NotEqual(before, after);
            else if (before != after)
                Assert.Contains("the commit is in place", failure.Message, StringComparison.Ordinal);
            failures += failure is null ? 0 : 1;

            writer.Commit();
            Assert.Equal(Expected.Value, Hash(test.Folder));
            writer.Compact();
            Assert.Equal(Expected.Value, Hash(test.Folder));
            if (files.Failed is null)
            {
                Assert.True(failures > 15, $"only {failures} of {failing} calls were needed");
                return;
            }
        }

        Assert.Fail("The calls do not end.");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Compact_AnyCallFails_LeavesEveryRow(FaultKind kind, bool fromThereOn)
    {
        for (int failing = 1; failing < 1000; failing++)
        {
            using TestGallery test = new();
            FaultyFiles files = new(fromThereOn, kind);
            using Gallery gallery = test.Create(options: new GalleryOptions { Files = new FaultyFiles(false, kind), Threads = 1, CellsFrom = CellsFrom });
            Prepare(gallery);
            string before = Hash(test.Folder);
            using Gallery faulty = Gallery.Open(test.Folder, new GalleryOptions { Files = files, Threads = 1, CellsFrom = CellsFrom });
            using GalleryWriter writer = faulty.OpenWriter();
            files.Arm(failing);
            Exception? failure = Record.Exception(() => writer.Compact());
            Assert.True(failure is null or TercetException, failure?.ToString());
            files.Disarm();
            Assert.Equal(before, Hash(test.Folder));
            writer.Compact();
            Assert.Equal(before, Hash(test.Folder));
            Assert.Single(Directory.GetFiles(test.Folder, "*.arrow"));
            if (files.Failed is null)
                return;
        }

        Assert.Fail("The calls do not end.");
    }

    [Fact]
    public void Search_ReadingFails_IsATypedErrorAndWorksAfterwards()
    {
        using TestGallery test = new();
        using Gallery gallery = test.Create();
        Prepare(gallery);
        FaultyFiles files = new(true, FaultKind.InputOutput);
        using Gallery faulty = Gallery.Open(test.Folder, new GalleryOptions { Files = files });
        GalleryNeighbor[] found = new GalleryNeighbor[3];
        files.Arm(1);
        Assert.ThrowsAny<GalleryException>(() => faulty.Search(TestGallery.Vector(1), found));
        files.Disarm();
        Assert.Equal(3, faulty.Search(TestGallery.Vector(1), found));
    }

    private static readonly Lazy<string> Expected = new(() =>
    {
        using TestGallery test = new();
        using Gallery gallery = test.Create();
        Prepare(gallery);
        using GalleryWriter writer = gallery.OpenWriter();
        Change(writer);
        writer.Commit();
        return Hash(test.Folder);
    });

    private static void Prepare(Gallery gallery)
    {
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 30);
        TestGallery.Add(writer, 30, 600);
    }

    private static void Change(GalleryWriter writer)
    {
        for (long id = 620; id < 650; id++)
            writer.Put(id, TestGallery.Vector(id, 1), TestGallery.Facts(id, 1));
        for (long id = 2; id < 100; id += 9)
            writer.Remove(id);
    }

    private static string Hash(string folder)
    {
        using Gallery gallery = Gallery.Open(folder, new GalleryOptions { Threads = 1 });
        using GallerySnapshot snapshot = gallery.Snapshot();
        return snapshot.ContentHash();
    }
}
