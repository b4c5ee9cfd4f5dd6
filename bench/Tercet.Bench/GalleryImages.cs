using System.Diagnostics;
using Tercet.Forward;
using Tercet.Galleries;
using Tercet.Galleries.Indexing;
using Tercet.Imaging;
using Tercet.Search;

namespace Tercet.Bench;

/// <summary>How fast images are indexed with a stream for each processor, beside the forward pass alone over as many samples: in one batch with ONNX Runtime's own choice of threads, and in the same streams. In turn.</summary>
internal static class GalleryImages
{
    private const int Batch = 32;
    private const int Rounds = 5;

    public static void Run(string model, string faces, int count)
    {
        EmbedderOptions options = new() { MaxBatch = Batch, Preprocessing = Preprocessing.Preset("sface") with { Alignment = Alignment.DlibChip }, Device = DeviceChoice.Cpu };
        string work = Directory.CreateTempSubdirectory("tercet-index-").FullName;
        string[] images = Directory.GetFiles(faces, "*.jpg", SearchOption.AllDirectories);
        string[] paths = [.. Enumerable.Range(0, count).Select(i => Path.Combine(work, $"{i:d6}.jpg"))];
        for (int i = 0; i < count; i++)
            File.Copy(images[i % images.Length], paths[i]);
        using OnnxEmbedder bare = OnnxEmbedder.Load(model, options);
        using OnnxEmbedder streams = OnnxEmbedder.Load(model, options with { Streams = 0 });
        using ImageIndexer indexer = new(model, options with { Streams = 0 });
        ImageDecoder decoder = new();
        ImagePreprocessor preprocessor = bare.CreatePreprocessor();
        List<double> toBare = [], toStreams = [], bounds = [];

        // Of real images: the time of a forward pass depends on its values.
        for (int i = 0; i < Math.Min(Batch, count); i++)
        {
            using DecodedImage image = decoder.Decode(paths[i]);
            preprocessor.Write(image, bare.InputSlot(i));
        }

        bare.Input.CopyTo(streams.Input);

        for (int round = 0; round < Rounds; round++)
        {
            double alone = Forward(bare, count), alongside = Forward(streams, count);
            double decoding = Decode(paths, decoder, preprocessor);
            using Gallery gallery = Gallery.Create(Path.Combine(work, $"g{round}"), GallerySchema.For(indexer.Model, SearchMetric.SquaredEuclidean, normalized: true));
            using GalleryWriter writer = gallery.OpenWriter();
            double indexed = indexer.Run(writer, paths).Progress.Rate;
            toBare.Add(indexed / alone);
            toStreams.Add(indexed / alongside);

            // Where the forward pass leaves no processor idle, decoding takes its own time from it, whatever overlaps.
            bounds.Add(1 / (1 + (alongside / decoding)));
            Console.WriteLine($"forward alone {alone:F1} images a second, in streams {alongside:F1}, decoding and aligning alone {decoding:F0}, indexing {indexed:F1}: {toBare[^1]:F3} and {toStreams[^1]:F3} of forward, of at most {bounds[^1]:F3} of the latter");
        }

        Console.WriteLine($"median ratio to forward alone {Median(toBare):F3}, in streams {Median(toStreams):F3}, of at most {Median(bounds):F3}");
        Directory.Delete(work, recursive: true);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(Rounds / 2);

    // Images a second.
    private static double Forward(OnnxEmbedder embedder, int count)
    {
        long start = Stopwatch.GetTimestamp();
        for (int done = 0; done < count; done += Batch)
            embedder.Run(Math.Min(Batch, count - done));
        return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    // Images a second on all processors.
    private static double Decode(string[] paths, ImageDecoder decoder, ImagePreprocessor preprocessor)
    {
        long start = Stopwatch.GetTimestamp();
        Parallel.ForEach(paths, () => new float[preprocessor.Preprocessing.Length], (path, _, slot) =>
        {
            using DecodedImage image = decoder.Decode(path);
            preprocessor.Write(image, slot);
            return slot;
        }, _ => { });
        return paths.Length / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
