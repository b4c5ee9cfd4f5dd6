using Tercet.Train.Data;

namespace Tercet.Train.Tests.Data;

/// <summary>Images of 8 × 8 pixels: a pattern for each class, under noise.</summary>
internal static class SmallData
{
    public const string FileName = "small-images-idx3-ubyte";

    public static TrainingOptions Options { get; } = new()
    {
        Data = FileName,
        ValidationIdentities = 3,
        Identities = 4,
        PerIdentity = 5,
        RandomNegatives = 6,
        Dimension = 8,
        Channels = 4,
        Steps = 8,
        RefreshEvery = 3,
        RefreshSubset = 60,
        Threads = 1,
        Seed = 3,
    };

    /// <summary>Writes a set.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="each">Images of each.</param>
    /// <param name="noise">The noise's part of a pixel.</param>
    /// <param name="seed">Of the noise; the patterns are always the same.</param>
    public static string Write(string folder, int classes = 12, int each = 12, double noise = 0.5, int seed = 1)
    {
        Random random = new(seed);
        byte[] pixels = new byte[classes * each * 64];
        byte[] labels = new byte[classes * each];
        for (int row = 0; row < labels.Length; row++)
        {
            int label = row % classes;
            labels[row] = (byte)label;
            Random pattern = new(100 + label);
            for (int at = 0; at < 64; at++)
                pixels[(row * 64) + at] = (byte)((pattern.Next(256) * (1 - noise)) + (random.Next(256) * noise));
        }

        string path = Path.Combine(folder, FileName);
        IdxFile.Write(path, pixels, labels, 8, 8);
        return path;
    }
}
