using Tercet.Forward;

namespace Tercet.Load.Targets;

/// <summary>What is embedded: image files, or samples in the model's own form.</summary>
internal sealed class Inputs
{
    private Inputs(byte[][]? images, float[][]? samples) => (Images, Samples) = (images, samples);

    public byte[][]? Images { get; }

    public float[][]? Samples { get; }

    public int Count => Images?.Length ?? Samples!.Length;

    /// <summary>The image files below a folder, in the order of their names.</summary>
    /// <exception cref="TercetException">There are none.</exception>
    public static Inputs FromFolder(string folder)
    {
        if (!Directory.Exists(folder))
            throw new TercetException($"{folder}: there is no such folder of images; bench/assets.sh fetches the faces.");
        byte[][] images = [.. Directory.EnumerateFiles(folder, "*.*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file).ToUpperInvariant() is ".JPG" or ".JPEG" or ".PNG" or ".WEBP").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];
        return images.Length > 0 ? new Inputs(images, null) : throw new TercetException($"{folder}: no JPEG, PNG or WebP lies there.");
    }

    /// <summary>Samples of random bytes, each from a seed of its own, in the range of an image's values.</summary>
    public static Inputs Random(int count, int length) => new(null, [.. Enumerable.Range(0, count).Select(seed =>
    {
        Random random = new(seed);
        return (float[])[.. Enumerable.Range(0, length).Select(_ => (float)random.Next(256))];
    })]);

    /// <summary>What the model gives for each, one at a time and by the library's direct call.</summary>
    public float[][] Embed(OnnxEmbedder embedder) => [.. Samples!.Select(sample =>
    {
        sample.CopyTo(embedder.InputSlot(0));
        return embedder.Run(1).GetRowSpan(0).ToArray();
    })];
}
