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
    public static ImageRun Run(string model, EmbedderOptions options, Alignment? alignment, IReadOnlyList<string> paths, bool skip, Terminal terminal, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    public void Dispose() => Rows.Dispose();
}
