using SkiaSharp;
using Tercet.Interchange;

namespace Tercet.Tests.Cli;

/// <summary>A folder of its own for a test's files.</summary>
internal sealed class WorkFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tercet-cli-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public IEnumerable<string> Names => Directory.EnumerateFileSystemEntries(Path).Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal)!;

    /// <summary>Rows in clusters, one a label, as E.npy, L.npy and L.txt.</summary>
    public void WriteBatch(int identities, int perIdentity, int dimension, int seed = 1)
    {
        int count = identities * perIdentity;
        Random random = new(seed);
        float[] rows = new float[count * dimension];
        long[] labels = new long[count];
        for (int row = 0; row < count; row++)
        {
            labels[row] = row % identities;
            Random centre = new((int)labels[row]);
            for (int column = 0; column < dimension; column++)
                rows[(row * dimension) + column] = (float)(centre.NextDouble() - 0.5 + (0.4 * (random.NextDouble() - 0.5)));
        }

        WriteRows("E.npy", rows, dimension);
        NpyFile.WriteLabels(this["L.npy"], labels);
        File.WriteAllLines(this["L.txt"], labels.Select(label => $"person {label}"));
    }

    public void WriteRows(string name, float[] rows, int dimension)
    {
        using NpyWriter writer = new(this[name], NpyDataType.F4, dimension);
        writer.Write<float>(rows);
        writer.Complete();
    }

    /// <summary>A picture of 6 × 6 pixels at random.</summary>
    public void WriteImage(string name, int seed)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        Random random = new(seed);
        using SKBitmap bitmap = new(6, 6);
        for (int y = 0; y < 6; y++)
        {
            for (int x = 0; x < 6; x++)
                bitmap.SetPixel(x, y, new SKColor((uint)random.Next() | 0xFF000000));
        }

        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(this[name], data.ToArray());
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
