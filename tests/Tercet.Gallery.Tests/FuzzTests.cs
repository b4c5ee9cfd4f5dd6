using System.Globalization;
using System.Text;
using Tercet.Galleries.Format;

namespace Tercet.Galleries.Tests;

/// <summary>
/// Manifests and segments changed at random, half of the time with checksums that fit the change, so that it gets past them: no crash, no hang, no allocation beyond the
/// files' size, and no exception that is not the gallery's. <c>TERCET_FUZZ</c> says how many.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const int DefaultExecutions = 2000;

    private readonly TestGallery _test = new();
    private readonly Random _random = new(Seed());

    public FuzzTests()
    {
        using Gallery gallery = _test.Create(options: new GalleryOptions { CellsFrom = 20 });
        using GalleryWriter writer = gallery.OpenWriter();
        TestGallery.Add(writer, 0, 50);
        TestGallery.Add(writer, 50, 3);
        writer.Remove(7);
        writer.Commit();
    }

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Open_ManifestsChangedAtRandom_FailCleanlyOrWork()
    {
        string path = Path.Combine(_test.Folder, "manifest");
        byte[] content = File.ReadAllBytes(path);
        int opened = 0;
        for (int i = Executions(); i > 0; i--)
        {
            byte[] changed = Change(content, i % 4);
            File.WriteAllBytes(path, i % 2 == 0 ? changed : WithChecksum(changed));
            opened += Try(content.Length) ? 1 : 0;
        }

        File.WriteAllBytes(path, content);
        Assert.True(Try(content.Length));
        Assert.True(opened < Executions() / 2);
    }

    [Fact]
    public void Search_SegmentsChangedAtRandom_FailCleanlyOrWork()
    {
        foreach (string path in Directory.GetFiles(_test.Folder, "segment-*"))
        {
            byte[] content = File.ReadAllBytes(path);
            for (int i = Executions() / 5; i > 0; i--)
            {
                File.WriteAllBytes(path, Change(content, i % 4));
                Try(content.Length);
            }

            File.WriteAllBytes(path, content);
        }

        Assert.True(Try(1));
    }

    private static int Executions() => int.TryParse(Environment.GetEnvironmentVariable("TERCET_FUZZ"), CultureInfo.InvariantCulture, out int asked) ? asked : DefaultExecutions;

    private static int Seed() => int.TryParse(Environment.GetEnvironmentVariable("TERCET_FUZZ_SEED"), CultureInfo.InvariantCulture, out int asked) ? asked : 1;

    // Whether the gallery opens and answers; every failure must be the gallery's own.
    private bool Try(int fileBytes)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using Gallery gallery = Gallery.Open(_test.Folder, new GalleryOptions { Threads = 1 });
            GalleryNeighbor[] found = new GalleryNeighbor[3];
            gallery.Search(new float[gallery.Schema.Dimension], found);
            using GallerySnapshot snapshot = gallery.Snapshot();
            Assert.Equal(snapshot.Count, snapshot.Rows().LongCount());
            return true;
        }
        catch (GalleryException)
        {
            return false;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000 + (64L * fileBytes));
        }
    }

    private static byte[] WithChecksum(byte[] manifest)
    {
        int end = manifest.AsSpan().IndexOf((byte)'\n') + 1;
        ReadOnlySpan<byte> body = manifest.AsSpan(end);
        return [.. Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"tercet gallery 2 {body.Length} {Hashes.Of(body)}\n")), .. body];
    }

    private byte[] Change(byte[] content, int kind)
    {
        byte[] changed = [.. content];
        for (int times = _random.Next(1, 5); times > 0; times--)
        {
            int at = _random.Next(changed.Length);
            switch (kind)
            {
                case 0:
                    changed[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1:
                    changed[at] = (byte)"0123456789-.e\"{}[],:"[_random.Next(20)];
                    break;
                case 2:
                    int length = _random.Next(Math.Min(40, changed.Length - at));
                    Array.Copy(changed, at, changed, _random.Next(changed.Length - length), length);
                    break;
                default:
                    changed = _random.Next(2) == 0 ? changed[..Math.Max(1, at)] : [.. changed[..at], .. changed[_random.Next(changed.Length)..]];
                    break;
            }
        }

        return changed;
    }
}
