using Tercet.Forward;
using Tercet.Imaging;

namespace Tercet.Extensions;

/// <summary>
/// One model as a service: requests of many callers form batches, a bounded number waits, the rest is refused at once. Safe to use from many threads.
/// </summary>
/// <remarks>
/// <para>A request for a sample allocates nothing on the managed heap once the service is warm, and an image only what its codec's wrapper takes. An embedding comes
/// as the model gives it, not normalised.</para>
/// <para><c>caller</c> is who asks: callers take turns, and one may have no more requests waiting than there are free places. Requests without
/// a caller share one turn and may fill the queue.</para>
/// </remarks>
public interface ITercetEmbedder
{
    /// <summary>What the model is called.</summary>
    string ModelName { get; }

    /// <summary>What the model is and how it runs.</summary>
    ModelInfo Model { get; }

    /// <summary>Number of floats of one embedding, D.</summary>
    int Dimension { get; }

    /// <summary>Number of floats of one sample.</summary>
    int InputLength { get; }

    /// <summary>How many requests keep the service busy: two for each place in a batch, as far as the queue holds them. Who has many inputs does best to have so many under way and no more; the rest would only wait, and miss the deadline.</summary>
    int Concurrency { get; }

    /// <summary>Embeds one sample and waits for it.</summary>
    /// <param name="sample">The model's input, <see cref="InputLength"/> floats.</param>
    /// <param name="embedding">Receives <c>[D]</c>.</param>
    /// <param name="caller">Who asks; <see langword="null"/> for nobody in particular.</param>
    /// <param name="cancellationToken">Gives the request up, as long as its batch has not begun.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    /// <exception cref="TercetOverloadedException">The request was refused.</exception>
    /// <exception cref="TercetException">The model failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The service has been disposed.</exception>
    void Embed(ReadOnlySpan<float> sample, Span<float> embedding, string? caller = null, CancellationToken cancellationToken = default);

    /// <summary>Embeds one sample.</summary>
    /// <param name="sample">The model's input, <see cref="InputLength"/> floats; not to be changed before the task ends.</param>
    /// <param name="embedding">Receives <c>[D]</c>.</param>
    /// <param name="caller">Who asks; <see langword="null"/> for nobody in particular.</param>
    /// <param name="cancellationToken">Gives the request up, as long as its batch has not begun.</param>
    /// <inheritdoc cref="Embed" path="/exception"/>
    /// <returns>A task to be awaited once.</returns>
    ValueTask EmbedAsync(ReadOnlyMemory<float> sample, Memory<float> embedding, string? caller = null, CancellationToken cancellationToken = default);

    /// <summary>Embeds one image file and waits for it. It is decoded by the calling thread.</summary>
    /// <param name="image">The file's content: JPEG, PNG or WebP.</param>
    /// <param name="embedding">Receives <c>[D]</c>.</param>
    /// <param name="caller">Who asks; <see langword="null"/> for nobody in particular.</param>
    /// <param name="cancellationToken">Gives the request up, as long as its batch has not begun.</param>
    /// <exception cref="ArgumentException">The embedding has another length.</exception>
    /// <exception cref="ImageException">The image cannot be used; <see cref="ImageException.Reason"/> says why.</exception>
    /// <exception cref="TercetOverloadedException">The request was refused.</exception>
    /// <exception cref="TercetException">The model takes no image, does not say of what kind, or failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The service has been disposed.</exception>
    void EmbedImage(ReadOnlySpan<byte> image, Span<float> embedding, string? caller = null, CancellationToken cancellationToken = default);

    /// <summary>Embeds one image file. It is decoded by the calling thread where a batch has a free place at once, else by a thread of the pool.</summary>
    /// <param name="image">The file's content: JPEG, PNG or WebP; not to be changed before the task ends.</param>
    /// <param name="embedding">Receives <c>[D]</c>.</param>
    /// <param name="caller">Who asks; <see langword="null"/> for nobody in particular.</param>
    /// <param name="cancellationToken">Gives the request up, as long as its batch has not begun.</param>
    /// <inheritdoc cref="EmbedImage" path="/exception"/>
    /// <returns>A task to be awaited once.</returns>
    ValueTask EmbedImageAsync(ReadOnlyMemory<byte> image, Memory<float> embedding, string? caller = null, CancellationToken cancellationToken = default);
}
