using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;
using Tercet.Galleries.Segments;

namespace Tercet.Galleries.Tests;

/// <summary>
/// Manifests and segments changed at random: no crash, no hang, no allocation beyond the files' size, and no exception that is not the gallery's. Half of the manifests, and all segments
/// that are opened, get checksums that fit the change, so that it passes them. <c>TERCET_FUZZ</c> says how many manifests; of the others there are a half, and a thirtieth of those that go over a
/// file system. <c>TERCET_FUZZ_SEED</c> is for other changes.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const int DefaultExecutions = 15_000;
    private const int FailureBytes = 1 << 18;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // In memory, where there is such a folder: it is written to many times.
    private readonly string _folder = Directory.CreateTempSubdirectory("tercet-fuzz-").FullName;
    private readonly TestGallery _test = new();
    private readonly Mutator _mutator = new(Setting("TERCET_FUZZ_SEED", 1));
    private readonly Timer _watch;
    private readonly Manifest _manifest;
    private long _done;
    private long _seen = -1;

    public FuzzTests()
    {
        if (Directory.Exists("/dev/shm"))
        {
            Directory.Delete(_folder);
            _folder = Directory.CreateDirectory($"/dev/shm/tercet-fuzz-{Environment.ProcessId}-{Guid.NewGuid():n}").FullName;
        }

        using (Gallery gallery = _test.Create(options: new GalleryOptions { CellsFrom = 20 }))
        using (GalleryWriter writer = gallery.OpenWriter())
        {
            TestGallery.Add(writer, 0, 50);
            TestGallery.Add(writer, 50, 3);
            writer.Remove(7);
            writer.Commit();
        }

        foreach (string path in Directory.GetFiles(_test.Folder))
            File.Copy(path, Path.Combine(_folder, Path.GetFileName(path)));
        _manifest = ManifestFile.Read(DiskFiles.Instance, _folder);

        // What hangs cannot be caught; it ends the process, which names the test.
        _watch = new Timer(
            _ =>
            {
                if (Interlocked.Exchange(ref _seen, _done) == _done)
                    Environment.FailFast($"Execution {_done} hangs.");
            },
            null,
            Patience,
            Patience);
    }

    public void Dispose()
    {
        _watch.Dispose();
        Directory.Delete(_folder, recursive: true);
        _test.Dispose();
    }

    [Fact]
    public void Manifests_ChangedInMemory_AreReadOrRefused()
    {
        byte[] content = Content("manifest");
        MemoryFiles files = new() { ["manifest"] = content };
        long usual = Usual(content.Length, () => ManifestFile.Read(files, ""));
        int read = 0, executions = Executions;
        for (int i = 0; i < executions; i++)
        {
            byte[] changed = _mutator.Text(content);
            files["manifest"] = i % 2 == 0 ? changed : WithChecksum(changed);
            read += Try(usual, () => ManifestFile.Read(files, "")) ? 1 : 0;
        }

        Report(executions, read);
        Assert.InRange(read, 1, executions / 2);
    }

    [Fact]
    public void Segments_ChangedInMemory_AreDetected()
    {
        int executions = Executions / 2, kept = 0;
        foreach (SegmentEntry entry in _manifest.Segments)
        {
            string[] names = [.. NamesOf(entry)];
            byte[][] contents = [.. names.Select(Content)];
            MemoryFiles files = new();
            for (int file = 0; file < names.Length; file++)
                files[names[file]] = contents[file];
            BlockCheck check = new(files, "", _manifest.Schema, entry);
            long usual = Usual(contents.Sum(content => content.Length), () => check.Run(threads: 1));
            for (int i = executions / _manifest.Segments.Count; i > 0; i--)
            {
                int file = i % names.Length;
                byte[] changed = [.. contents[file]];
                _mutator.Numbers(changed);
                files[names[file]] = changed;
                bool isSame = changed.AsSpan().SequenceEqual(contents[file]);
                Assert.Equal(isSame, Try(usual, () => check.Run(threads: 1)));
                kept += isSame ? 1 : 0;
                files[names[file]] = contents[file];
            }
        }

        Report(executions, kept);
    }

    [Fact]
    public void Manifests_ChangedOnTheDisk_OpenOrAreRefused()
    {
        string path = Path.Combine(_folder, "manifest");
        byte[] content = Content("manifest");
        long usual = Usual(content.Length, Use);
        int executions = Executions / 30, opened = 0;
        for (int i = 0; i < executions; i++)
        {
            byte[] changed = _mutator.Text(content);
            File.WriteAllBytes(path, i % 2 == 0 ? changed : WithChecksum(changed));
            opened += Try(usual, Use) ? 1 : 0;
        }

        Report(executions, opened);
        File.WriteAllBytes(path, content);
        Assert.True(Try(usual, Use));
        Assert.True(opened < executions / 2);
    }

    [Fact]
    public void Segments_ChangedWithFittingChecksums_AreUsedOrRefused()
    {
        long usual = Usual(Directory.GetFiles(_folder).Sum(path => new FileInfo(path).Length), Use);
        int executions = Executions / 30, opened = 0;
        for (int i = 0; i < executions; i++)
        {
            SegmentEntry entry = _manifest.Segments[i % _manifest.Segments.Count];
            SegmentEntry changed = entry.Cells is not null && i % 5 == 0 ? ChangeCells(entry) : ChangeRows(entry, companion: i % 3 == 0);
            ManifestFile.Replace(DiskFiles.Instance, _folder, _manifest with { Segments = [.. _manifest.Segments.Select(each => each == entry ? changed : each)] });
            opened += Try(usual, Use) ? 1 : 0;
            foreach (string name in NamesOf(entry))
                File.WriteAllBytes(Path.Combine(_folder, name), Content(name));
        }

        Report(executions, opened);
        Assert.InRange(opened, executions / 10, executions);
    }

    private static int Executions => Setting("TERCET_FUZZ", DefaultExecutions);

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int asked) ? asked : otherwise;

    private static void Report(int executions, int accepted) => TestContext.Current.TestOutputHelper!.WriteLine($"{executions} executions, {accepted} of them accepted");

    // What the gallery was written with.
    private byte[] Content(string name) => File.ReadAllBytes(Path.Combine(_test.Folder, name));

    private static IEnumerable<string> NamesOf(SegmentEntry entry)
    {
        yield return entry.Name + SegmentNames.Arrow;
        yield return entry.Name + SegmentNames.Companion;
        if (entry.Cells is not null)
            yield return entry.Name + SegmentNames.Cells;
    }

    // The segment's file or its companion changed, and checksums that fit.
    private SegmentEntry ChangeRows(SegmentEntry entry, bool companion)
    {
        byte[] arrow = Content(entry.Name + SegmentNames.Arrow);
        byte[] searched = Content(entry.Name + SegmentNames.Companion)[..(int)new CompanionLayout(entry.Rows, _manifest.Schema.Dimension, arrow.Length).SumsAt];
        _mutator.Numbers(companion ? searched : arrow);
        byte[] ending = MemoryMarshal.AsBytes<ulong>([.. SumsOf(arrow), .. SumsOf(searched)]).ToArray();
        File.WriteAllBytes(Path.Combine(_folder, entry.Name + SegmentNames.Arrow), arrow);
        File.WriteAllBytes(Path.Combine(_folder, entry.Name + SegmentNames.Companion), [.. searched, .. ending]);
        return entry with { SumsHash = Hashes.Of(ending) };
    }

    private SegmentEntry ChangeCells(SegmentEntry entry)
    {
        byte[] cells = Content(entry.Name + SegmentNames.Cells)[..(int)entry.Cells!.ShapeFor(_manifest.Schema.Dimension).Length];
        _mutator.Numbers(cells);
        byte[] ending = MemoryMarshal.AsBytes<ulong>([.. SumsOf(cells)]).ToArray();
        File.WriteAllBytes(Path.Combine(_folder, entry.Name + SegmentNames.Cells), [.. cells, .. ending]);
        return entry with { Cells = entry.Cells with { SumsHash = Hashes.Of(ending) } };
    }

    // Opens the gallery, which must answer, and give every column of every row.
    private void Use()
    {
        using Gallery gallery = Gallery.Open(_folder, new GalleryOptions { Threads = 1 });
        GalleryNeighbor[] found = new GalleryNeighbor[3];
        float[] query = new float[gallery.Schema.Dimension];
        gallery.Search(query, found);
        using GallerySnapshot snapshot = gallery.Snapshot();
        Assert.Equal(snapshot.Count, snapshot.Rows().LongCount());
        snapshot.Search(query, "bob", found);
        _ = snapshot.ContentHash();
        foreach (GalleryRow row in snapshot.Rows())
            _ = (row.Label.Length, row.Source.Length, row.Time, snapshot.TryGet(row.Id, out _));
    }

    // What is allocated where nothing was changed, once everything has been used before, and as much as the files have. An exception takes some beside it, above all the first of its kind.
    private static long Usual(long fileBytes, Action act)
    {
        act();
        long before = GC.GetAllocatedBytesForCurrentThread();
        act();
        return GC.GetAllocatedBytesForCurrentThread() - before + fileBytes;
    }

    private bool Try(long usual, Action act)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            act();
            return true;
        }
        catch (GalleryException)
        {
            return false;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, usual + FailureBytes);
            _done++;
        }
    }

    private static IEnumerable<ulong> SumsOf(byte[] content) => content.Chunk(CorruptGalleryException.BlockBytes).Select(block => System.IO.Hashing.XxHash3.HashToUInt64(block));

    private static byte[] WithChecksum(byte[] manifest)
    {
        int end = manifest.AsSpan().IndexOf((byte)'\n') + 1;
        ReadOnlySpan<byte> body = manifest.AsSpan(end);
        return [.. Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"tercet gallery 2 {body.Length} {Hashes.Of(body)}\n")), .. body];
    }
}
