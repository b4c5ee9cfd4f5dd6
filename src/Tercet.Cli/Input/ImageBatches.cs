using CommunityToolkit.HighPerformance;
using Tercet.Cli.Output;
using Tercet.Forward;
using Tercet.Imaging;

namespace Tercet.Cli.Input;

/// <summary>Decodes a batch on all threads, straight into the model's pinned input, and runs it.</summary>
internal sealed class ImageBatches(OnnxEmbedder embedder, ImagePreprocessor preprocessor, int threads)
{
    private readonly ImageDecoder _decoder = new();
    private readonly ParallelOptions _parallel = new() { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads };
    private readonly List<string> _kept = [];
    private readonly List<SkippedImageJson> _skipped = [];

    /// <summary>The files embedded, in the order of their rows.</summary>
    public IReadOnlyList<string> Kept => _kept;

    /// <summary>The files left out.</summary>
    public IReadOnlyList<SkippedImageJson> Skipped => _skipped;

    /// <summary>Embeds all files.</summary>
    /// <returns>Number of rows written.</returns>
    public int Run(IReadOnlyList<string> paths, bool skip, Span2D<float> rows, Action<int, int> progress, CancellationToken cancellationToken)
    {
        for (int first = 0; first < paths.Count; first += embedder.MaxBatch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Decode(paths, first, Math.Min(embedder.MaxBatch, paths.Count - first), skip);
            if (count > 0)
                embedder.Run(count).CopyTo(rows.Slice(_kept.Count - count, 0, count, embedder.Dimension));
            progress(Math.Min(first + embedder.MaxBatch, paths.Count), paths.Count);
        }

        return _kept.Count;
    }

    /// <summary>Fills the first slots of the model's input with the images that can be read.</summary>
    private int Decode(IReadOnlyList<string> paths, int first, int length, bool skip)
    {
        ImageException?[] failures = new ImageException?[length];
        Parallel.For(0, length, _parallel, slot =>
        {
            try
            {
                using DecodedImage image = _decoder.Decode(paths[first + slot]);
                preprocessor.Write(image, embedder.InputSlot(slot));
            }
            catch (ImageException failure)
            {
                failures[slot] = failure;
            }
        });

        int count = 0;
        for (int slot = 0; slot < length; slot++)
        {
            if (failures[slot] is { } failure)
            {
                if (!skip)
                    throw failure;
                _skipped.Add(new SkippedImageJson(failure.Path, failure.Message[(failure.Path.Length + 2)..]));
                continue;
            }

            if (count != slot)
                embedder.InputSlot(slot).CopyTo(embedder.InputSlot(count));
            _kept.Add(paths[first + slot]);
            count++;
        }

        return count;
    }
}
