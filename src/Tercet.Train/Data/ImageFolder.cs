using Tercet.Cli.Input;
using Tercet.Imaging;
using Tercet.Interchange;

namespace Tercet.Train.Data;

/// <summary>A folder of images, one subfolder an identity.</summary>
internal static class ImageFolder
{
    /// <summary>Decodes all of them, resized to a square.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="size">Side of the square.</param>
    /// <param name="grey">Whether to keep the mean of the colours alone.</param>
    /// <exception cref="TercetException">There is no image, or one cannot be decoded.</exception>
    public static ImageSet Read(string path, int size, bool grey)
    {
        IReadOnlyList<string> files = ImageFiles.Find([path]).Paths;
        LabelEncoder encoder = new();
        long[] labels = [.. files.Select(file => encoder.Encode(Path.GetDirectoryName(file) ?? ""))];
        int channels = grey ? 1 : 3;
        int plane = size * size;
        byte[] pixels = new byte[checked(files.Count * channels * plane)];
        ImagePreprocessor preprocessor = new(new Preprocessing { Width = size, Height = size });
        ImageDecoder decoder = new();
        Parallel.For(0, files.Count, () => new float[3 * plane], (index, _, values) =>
        {
            using DecodedImage image = decoder.Decode(files[index]);
            preprocessor.Write(image, values);
            Span<byte> target = pixels.AsSpan(index * channels * plane, channels * plane);
            for (int at = 0; at < target.Length; at++)
                target[at] = (byte)Math.Clamp(Math.Round(grey ? (values[at] + values[plane + at] + values[(2 * plane) + at]) / 3 : values[at]), 0, 255);
            return values;
        }, _ => { });
        return new ImageSet(pixels, labels, channels, size, size);
    }
}
