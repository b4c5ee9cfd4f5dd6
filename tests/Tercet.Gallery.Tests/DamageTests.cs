namespace Tercet.Galleries.Tests;

/// <summary>Bits that flip and files that end early: every one is found before anything is answered, and the error names file and block.</summary>
public sealed class DamageTests : IDisposable
{
    private const int Flips = 10_000;

    private readonly TestGallery _test = new();
    private readonly string[] _files;
    private readonly float[] _query = TestGallery.Vector(17);

    public DamageTests()
    {
        using Gallery gallery = _test.Create(options: new GalleryOptions { CellsFrom = 1000 });
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 3000);
        TestGallery.Add(writer, 3000, 40);
        for (long id = 0; id < 900; id += 5)
            writer.Remove(id);
        writer.Commit();
        _files = Directory.GetFiles(_test.Folder, "segment-*");
        Array.Sort(_files, StringComparer.Ordinal);
    }

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Search_RandomBitsFlipped_AreAllFound()
    {
        Assert.Equal(6, _files.Length);
        byte[][] contents = [.. _files.Select(File.ReadAllBytes)];
        long total = contents.Sum(content => (long)content.Length);
        Random random = new(1);
        for (int i = 0; i < Flips; i++)
        {
            long at = random.NextInt64(total);
            int file = 0;
            for (; at >= contents[file].Length; file++)
                at -= contents[file].Length;
            AssertFound(file, contents[file], at, random.Next(8));
        }
    }

    [Fact]
    public void Search_EveryBitOfHeadersFlipped_IsFound()
    {
        int file = Array.FindLastIndex(_files, name => name.EndsWith(".arrow", StringComparison.Ordinal));
        byte[] content = File.ReadAllBytes(_files[file]);
        int header = (int)new Format.ArrowLayout(TestGallery.Schema(), 40, 0, 0).OffsetOf(Format.ArrowColumn.Vectors);
        Assert.InRange(header, 512, 4096);
        for (int at = 0; at < header; at++)
        {
            for (int bit = 0; bit < 8; bit++)
                AssertFound(file, content, at, bit);
        }
    }

    [Fact]
    public void Open_EveryBitOfTheManifestFlipped_IsFound()
    {
        string path = Path.Combine(_test.Folder, "manifest");
        byte[] content = File.ReadAllBytes(path);
        for (int at = 0; at < content.Length; at++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                Write(path, at, (byte)(content[at] ^ (1 << bit)));
                GalleryException failure = Assert.ThrowsAny<GalleryException>(() => Gallery.Open(_test.Folder));
                Assert.Equal(path, failure.Path);
            }

            Write(path, at, content[at]);
        }

        for (int length = 0; length < content.Length; length += 7)
        {
            File.WriteAllBytes(path, content[..length]);
            Assert.ThrowsAny<GalleryException>(() => Gallery.Open(_test.Folder));
        }

        File.WriteAllBytes(path, [.. content, 10]);
        Assert.Throws<CorruptGalleryException>(() => Gallery.Open(_test.Folder));
    }

    [Fact]
    public void Open_FilesThatEndEarlyOrLateOrAreMissing_AreFound()
    {
        Random random = new(2);
        foreach (string path in _files)
        {
            byte[] content = File.ReadAllBytes(path);
            SortedSet<int> lengths = [0, content.Length - 1, content.Length + 1];
            for (int boundary = CorruptGalleryException.BlockBytes; boundary < content.Length; boundary += CorruptGalleryException.BlockBytes)
                lengths.UnionWith([boundary - 1, boundary, boundary + 1]);
            for (int i = 0; i < 1000 / _files.Length; i++)
                lengths.Add(random.Next(content.Length));
            foreach (int length in lengths.Where(length => length != content.Length))
            {
                using (FileStream file = File.OpenWrite(path))
                    file.SetLength(length);
                AssertFails(path, Math.Min(length, content.Length) / CorruptGalleryException.BlockBytes);
            }

            File.Delete(path);
            Assert.ThrowsAny<GalleryException>(() => Gallery.Open(_test.Folder));
            File.WriteAllBytes(path, content);
        }

        using Gallery healthy = Gallery.Open(_test.Folder);
        Assert.Equal(2, healthy.Search(_query, new GalleryNeighbor[2]));
    }

    private void AssertFound(int file, byte[] content, long at, int bit)
    {
        Write(_files[file], at, (byte)(content[at] ^ (1 << bit)));
        AssertFails(_files[file], at / CorruptGalleryException.BlockBytes);
        Write(_files[file], at, content[at]);
    }

    private void AssertFails(string path, long block)
    {
        CorruptGalleryException failure = Assert.Throws<CorruptGalleryException>(() =>
        {
            using Gallery gallery = Gallery.Open(_test.Folder, new GalleryOptions { Threads = 1 });
            gallery.Search(_query, new GalleryNeighbor[2]);
        });
        Assert.Equal(path, failure.Path);

        // Of the checksums themselves the block is named in which they begin.
        Assert.InRange(failure.Block, path.EndsWith(".arrow", StringComparison.Ordinal) ? block : Math.Max(0, block - 1), block);
    }

    private static void Write(string path, long at, byte value)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0);
        file.Position = at;
        file.WriteByte(value);
    }
}
