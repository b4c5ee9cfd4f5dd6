using System.IO.Compression;
using SkiaSharp;
using Tercet.Train.Data;

namespace Tercet.Train.Tests.Data;

public sealed class TrainingDataTests
{
    [Fact]
    public void Read_PlainAndGzip_GiveWhatWasWritten()
    {
        using Folder folder = new();
        string path = SmallData.Write(folder.Path, classes: 3, each: 2);
        string packed = Path.Combine(folder.Path, "packed-images-idx3-ubyte.gz");
        Pack(path, packed);
        Pack(path.Replace("images-idx3", "labels-idx1", StringComparison.Ordinal), packed.Replace("images-idx3", "labels-idx1", StringComparison.Ordinal));

        ImageSet plain = IdxFile.Read(path);
        ImageSet gzip = IdxFile.Read(packed);

        Assert.Equal((6, 1, 8, 8, 3), (plain.Count, plain.Channels, plain.Height, plain.Width, plain.Identities));
        Assert.Equal([0L, 1, 2, 0, 1, 2], plain.Labels.ToArray());
        Assert.Equal(plain.Fingerprint(), gzip.Fingerprint());
        float[] image = new float[64];
        plain.CopyTo([4], image);
        Assert.Equal(File.ReadAllBytes(path).AsSpan(16 + (4 * 64), 64).ToArray().Select(value => (float)value), image);
    }

    [Fact]
    public void Read_DamagedFiles_AreNamed()
    {
        using Folder folder = new();
        string path = SmallData.Write(folder.Path);
        string labels = path.Replace("images-idx3", "labels-idx1", StringComparison.Ordinal);
        byte[] whole = File.ReadAllBytes(path);

        File.WriteAllBytes(path, whole[..^1]);
        Assert.Contains("ends early", Assert.Throws<InvalidFileException>(() => IdxFile.Read(path)).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, [1, .. whole[1..]]);
        Assert.Contains("no IDX file", Assert.Throws<InvalidFileException>(() => IdxFile.Read(path)).Message, StringComparison.Ordinal);
        whole[4] = 0xFF;
        File.WriteAllBytes(path, whole);
        Assert.Contains("cannot be", Assert.Throws<InvalidFileException>(() => IdxFile.Read(path)).Message, StringComparison.Ordinal);
        File.Delete(labels);
        Assert.Contains("not beside it", Assert.Throws<InvalidFileException>(() => IdxFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_HeldOutIdentities_AreInNoTrainingBatch()
    {
        using Folder folder = new();
        TrainingOptions options = SmallData.Options with { Data = SmallData.Write(folder.Path), ValidationRows = 15 };

        TrainingData data = TrainingData.Load(options);
        TrainingData again = TrainingData.Load(options);
        TrainingData other = TrainingData.Load(options with { Seed = 8 });

        Assert.Equal((9 * 12, 9), (data.Train.Count, data.Train.Identities));
        Assert.Equal((15, 3), (data.Validation!.Count, data.Validation.Identities));
        Assert.Empty(data.Train.Labels.ToArray().Intersect(data.Validation.Labels.ToArray()));
        Assert.Equal(data.Train.Fingerprint(), again.Train.Fingerprint());
        Assert.NotEqual(data.Train.Fingerprint(), other.Train.Fingerprint());
    }

    [Fact]
    public void Load_FolderOfImages_TakesLabelsFromSubfolders()
    {
        using Folder folder = new();
        foreach ((string name, SKColor colour) in (ReadOnlySpan<(string, SKColor)>)[("a/1.png", SKColors.Red), ("a/2.png", SKColors.Red), ("b/1.png", SKColors.White)])
        {
            string file = Path.Combine(folder.Path, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            using SKBitmap bitmap = new(20, 10);
            bitmap.Erase(colour);
            using FileStream stream = File.Create(file);
            bitmap.Encode(stream, SKEncodedImageFormat.Png, 100);
        }

        TrainingOptions options = new() { Data = folder.Path, Size = 8 };
        ImageSet colours = TrainingData.Load(options).Train;
        ImageSet grey = TrainingData.Load(options with { Grey = true }).Train;

        Assert.Equal([0L, 0, 1], colours.Labels.ToArray());
        float[] red = new float[3 * 64];
        colours.CopyTo([1], red);
        Assert.Equal([.. Enumerable.Repeat(255f, 64), .. new float[128]], red);
        float[] mean = new float[64];
        grey.CopyTo([0], mean);
        Assert.Equal(Enumerable.Repeat(85f, 64), mean);
    }

    private static void Pack(string from, string to)
    {
        using FileStream target = File.Create(to);
        using GZipStream gzip = new(target, CompressionLevel.Fastest);
        gzip.Write(File.ReadAllBytes(from));
    }
}
