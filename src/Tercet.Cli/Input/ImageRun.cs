using System.Diagnostics;
using Tercet.Cli.Output;
using Tercet.Forward;
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
    /// <param name="paths">The files.</param>
    /// <param name="run">What to do with broken files, and whether to normalise.</param>
    /// <param name="terminal">Shows the progress.</param>
    /// <param name="cancellationToken">Stops between images.</param>
    /// <exception cref="TercetException">The model cannot be loaded, a file cannot be read and is not to be skipped, or no file could be read.</exception>
    public static ImageRun Run(string model, EmbedderOptions options, IReadOnlyList<string> paths, EmbedRun run, Terminal terminal, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using EmbeddingEngine engine = EmbeddingEngine.Load(model, options);
        double loadMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (engine.Model.Preprocessing is null)
            throw new TercetException($"{model}: the model does not say what it expects of an image; give --preprocess sface or a JSON file");

        start = Stopwatch.GetTimestamp();
        using PinnedMatrix all = new(paths.Count, engine.Dimension);
        EmbedResult result = terminal.WithProgress("embedding", report =>
            engine.EmbedImages(paths, all.Span, run with { Progress = new Report(done => report(done, paths.Count)) }, cancellationToken));
        double embedMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (result.Rows.IsEmpty)
            throw new TercetException($"none of the {paths.Count} files could be read; the first: {result.Skipped[0].Message}");

        PinnedMatrix rows = new(result.Rows.Length, engine.Dimension);
        for (int row = 0; row < rows.Rows; row++)
            all.Span.GetRowSpan(result.Rows[row]).CopyTo(rows.Span.GetRowSpan(row));
        return new ImageRun(
            rows,
            [.. result.Rows.Select(row => paths[row])],
            [.. result.Skipped.Select(image => new SkippedImageJson(image.Path, image.Message[(image.Path.Length + 2)..]))],
            engine.Model,
            loadMs,
            embedMs);
    }

    public void Dispose() => Rows.Dispose();

    // Not Progress<T>, which reports on another thread and out of order.
    private sealed class Report(Action<int> report) : IProgress<int>
    {
        void IProgress<int>.Report(int value) => report(value);
    }
}
