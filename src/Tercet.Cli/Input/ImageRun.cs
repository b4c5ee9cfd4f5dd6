using System.Diagnostics;
using Tercet.Cli.Output;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Memory;

namespace Tercet.Cli.Input;

/// <summary>Embedded images, and those that could not be.</summary>
/// <param name="Rows">The embeddings, <c>[N, D]</c>, disposed with this.</param>
/// <param name="Paths">The N files they come from.</param>
/// <param name="Skipped">The files that were left out.</param>
/// <param name="Model">What embedded them.</param>
/// <param name="LoadMs">Time to load the model.</param>
/// <param name="EmbedMs">Time to decode and embed.</param>
internal sealed record ImageRun(PinnedMatrix Rows, IReadOnlyList<string> Paths, IReadOnlyList<SkippedImageJson> Skipped, ModelInfo Model, double LoadMs, double EmbedMs) : IDisposable
{
    /// <summary>Embeds files.</summary>
    /// <param name="model">The ONNX model.</param>
    /// <param name="options">How to load it.</param>
    /// <param name="alignment">What part of an image to take; null for what the preprocessing says.</param>
    /// <param name="paths">The files.</param>
    /// <param name="skip">Whether to leave out a file that is no readable image, rather than fail.</param>
    /// <param name="terminal">Shows the progress.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <exception cref="TercetException">The model cannot be loaded, a file cannot be read and is not to be skipped, or no file could be read.</exception>
    public static ImageRun Run(string model, EmbedderOptions options, Alignment? alignment, IReadOnlyList<string> paths, bool skip, Terminal terminal, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using OnnxEmbedder embedder = OnnxEmbedder.Load(model, options);
        double loadMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        Preprocessing preprocessing = embedder.Info.Preprocessing
            ?? throw new TercetException($"{model}: the model does not say what it expects of an image; give --preprocess sface or a JSON file");
        if (alignment is not null)
            preprocessing = preprocessing with { Alignment = alignment };
        if (preprocessing.Length != embedder.InputLength)
            throw new TercetException($"{model}: the model takes {embedder.Info.Input}, and --preprocess describes {preprocessing.Width} × {preprocessing.Height} pixels");

        start = Stopwatch.GetTimestamp();
        PinnedMatrix rows = new(paths.Count, embedder.Dimension);
        try
        {
            ImageBatches batches = new(embedder, new ImagePreprocessor(preprocessing), options.Threads);
            terminal.WithProgress("embedding", progress => batches.Run(paths, skip, rows.Span, progress, cancellationToken));
            double embedMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (batches.Kept.Count == 0)
                throw new TercetException($"none of the {paths.Count} files could be read; the first: {batches.Skipped[0].Path}: {batches.Skipped[0].Reason}");
            if (batches.Kept.Count == paths.Count)
                return new ImageRun(rows, paths, [], embedder.Info, loadMs, embedMs);

            PinnedMatrix kept = new(batches.Kept.Count, embedder.Dimension);
            rows.Span.Slice(0, 0, kept.Rows, kept.Columns).CopyTo(kept.Span);
            rows.Dispose();
            return new ImageRun(kept, batches.Kept, batches.Skipped, embedder.Info, loadMs, embedMs);
        }
        catch
        {
            rows.Dispose();
            throw;
        }
    }

    public void Dispose() => Rows.Dispose();
}
