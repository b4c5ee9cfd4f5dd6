namespace Tercet.Galleries.Tests;

public sealed class RepairTests : IDisposable
{
    private const int Rows = 3000;

    private readonly TestGallery _test = new();

    public RepairTests()
    {
        using Gallery gallery = _test.Create(options: new GalleryOptions { CellsFrom = 1000 });
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, Rows);
        TestGallery.Add(writer, Rows, 10);
        writer.Remove(5);
        writer.Commit();
    }

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Verify_HealthyGallery_ReportsNoDamage()
    {
        GalleryReport report = Gallery.Verify(_test.Folder, repair: true);
        Assert.True(report.IsHealthy);
        Assert.Empty(report.Damage);
        Assert.Equal((Rows + 9, 2), (report.Rows, report.Segments));
    }

    [Fact]
    public void Repair_DamagedCompanionOrCells_LosesNoRow()
    {
        string before = Hash();
        foreach ((string kind, long at) in (from kind in (string[])["*.int8", "*.cells"] from at in (long[])[0, 30_000, new FileInfo(Find(kind)).Length - 1] select (kind, at)).ToArray())
        {
            string file = Flip(kind, at);
            GalleryDamage found = Assert.Single(Gallery.Verify(_test.Folder).Damage);
            Assert.Equal((file, 0L, false), (found.File, found.LostRows, found.IsRepaired));
            GalleryReport report = Gallery.Verify(_test.Folder, repair: true, new GalleryOptions { CellsFrom = 1000 });
            Assert.True(report.IsHealthy);
            Assert.Empty(Gallery.Verify(_test.Folder).Damage);
            Assert.Equal(before, Hash());
        }
    }

    [Fact]
    public void Repair_DamagedBlocksOfASegment_LosesTheRowsThatHaveAPartInThem()
    {
        for (long at = 0; at < new FileInfo(Find("*.arrow")).Length; at += 20_011)
        {
            using RepairTests fresh = new();
            Dictionary<long, float[]> before = fresh.Read();
            fresh.Flip("*.arrow", at);
            long lost = Assert.Single(Gallery.Verify(fresh._test.Folder).Damage).LostRows;
            Assert.InRange(lost, 0, Rows - 1);
            Assert.True(Gallery.Verify(fresh._test.Folder, repair: true).IsHealthy);
            Dictionary<long, float[]> after = fresh.Read();
            Assert.Equal(before.Count - lost, after.Count);
            Assert.All(after, pair => Assert.Equal(before[pair.Key], pair.Value));
            Assert.Empty(Gallery.Verify(fresh._test.Folder).Damage);
        }
    }

    [Fact]
    public void Repair_TruncatedOrMissingFiles_SavesWhatThereIs()
    {
        using (FileStream file = File.OpenWrite(Find("*.arrow")))
            file.SetLength(file.Length - 1);
        Assert.True(Gallery.Verify(_test.Folder, repair: true).IsHealthy);
        Assert.InRange(Read().Count, 10, Rows + 9);
        File.Delete(Find("*.int8"));
        Assert.True(Gallery.Verify(_test.Folder, repair: true).IsHealthy);
        Assert.InRange(Read().Count, 10, Rows + 9);
        File.Delete(Find("*.arrow"));
        GalleryReport report = Gallery.Verify(_test.Folder, repair: true);
        Assert.True(report.IsHealthy);
        Assert.Equal(10, report.Rows);
    }

    [Fact]
    public void Repair_UnknownWhatWasRemoved_RepairsNothing()
    {
        Flip("*.removed", 3);
        GalleryDamage found = Assert.Single(Gallery.Verify(_test.Folder, repair: true).Damage);
        Assert.False(found.IsRepaired);
        Assert.Contains("which rows were removed", found.Problem, StringComparison.Ordinal);
        Assert.Throws<CorruptGalleryException>(() => Gallery.Open(_test.Folder));
    }

    // The largest file, which is the first segment's.
    private string Find(string pattern) => Directory.GetFiles(_test.Folder, pattern).MaxBy(path => new FileInfo(path).Length)!;

    private string Flip(string pattern, long at)
    {
        string path = Find(pattern);
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = at;
        int value = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(value ^ 4));
        return path;
    }

    private Dictionary<long, float[]> Read()
    {
        using Gallery gallery = Gallery.Open(_test.Folder);
        using GallerySnapshot snapshot = gallery.Snapshot();
        return snapshot.Rows().ToDictionary(row => row.Id, row => row.Vector.ToArray());
    }

    private string Hash()
    {
        using Gallery gallery = Gallery.Open(_test.Folder);
        using GallerySnapshot snapshot = gallery.Snapshot();
        return snapshot.ContentHash();
    }
}
