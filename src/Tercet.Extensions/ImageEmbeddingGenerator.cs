using Microsoft.Extensions.AI;

namespace Tercet.Extensions;

/// <summary>Images to embeddings under the interface of Microsoft.Extensions.AI.</summary>
/// <remarks>Several images of a call are asked for at the same time (<see cref="ITercetEmbedder.Concurrency"/>), so that they can share batches and a call may have any number; the embeddings come in the order of the images, as the model gives them.</remarks>
public sealed class ImageEmbeddingGenerator : IEmbeddingGenerator<DataContent, Embedding<float>>
{
    private readonly ITercetEmbedder _embedder;
    private readonly EmbeddingGeneratorMetadata _metadata;

    /// <summary>Creates a generator over a service, which it does not own.</summary>
    /// <param name="embedder">The service.</param>
    public ImageEmbeddingGenerator(ITercetEmbedder embedder)
    {
        ArgumentNullException.ThrowIfNull(embedder);
        _embedder = embedder;
        _metadata = new EmbeddingGeneratorMetadata("tercet", null, embedder.ModelName, embedder.Dimension);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">An item is no image, or another model or number of dimensions is asked for.</exception>
    /// <exception cref="Imaging.ImageException">An image cannot be used.</exception>
    /// <exception cref="TercetOverloadedException">An image of the call was refused because there is too much to do.</exception>
    /// <exception cref="TercetException">The model failed.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<DataContent> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        Check(options);
        DataContent[] images = [.. values];
        foreach (DataContent image in images)
        {
            if (!image.HasTopLevelMediaType("image"))
                throw new ArgumentException($"An item is {image.MediaType}; this model embeds images.", nameof(values));
        }

        float[][] rows = [.. images.Select(_ => new float[_embedder.Dimension])];
        ParallelOptions several = new() { MaxDegreeOfParallelism = _embedder.Concurrency, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, images.Length, several, (i, token) => _embedder.EmbedImageAsync(images[i].Data, rows[i], cancellationToken: token)).ConfigureAwait(false);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return new GeneratedEmbeddings<Embedding<float>>(rows.Select(row => new Embedding<float>(row) { ModelId = _embedder.ModelName, CreatedAt = now }));
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        if (serviceType == typeof(EmbeddingGeneratorMetadata))
            return _metadata;
        return serviceType.IsInstanceOfType(this) ? this : serviceType.IsInstanceOfType(_embedder) ? _embedder : null;
    }

    /// <summary>Does nothing: the service belongs to whoever made it.</summary>
    public void Dispose()
    {
    }

    private void Check(EmbeddingGenerationOptions? options)
    {
        if (options?.Dimensions is { } dimensions && dimensions != _embedder.Dimension)
            throw new ArgumentException($"The model gives {_embedder.Dimension} dimensions, not {dimensions}.", nameof(options));
        if (options?.ModelId is { } model && model != _embedder.ModelName)
            throw new ArgumentException($"The model is {_embedder.ModelName}, not {model}.", nameof(options));
    }
}
