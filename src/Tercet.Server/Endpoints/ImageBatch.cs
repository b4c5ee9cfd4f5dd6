using Tercet.Extensions;
using Tercet.Server.Http;

namespace Tercet.Server.Endpoints;

/// <summary>Embeds several inputs of one request, as many at a time as keep the engine busy. What was asked for is awaited whatever happens: its memory is ours.</summary>
internal static class ImageBatch
{
    public static Task<float[]> EmbedImages(ITercetEmbedder embedder, IReadOnlyList<byte[]> images, string? caller, CancellationToken cancellationToken) =>
        Run(embedder, images.Count, (i, embedding, token) => embedder.EmbedImageAsync(images[i], embedding, caller, token), cancellationToken);

    public static Task<float[]> EmbedSamples(ITercetEmbedder embedder, ReadOnlyMemory<float> samples, string? caller, CancellationToken cancellationToken) =>
        Run(embedder, samples.Length / embedder.InputLength, (i, embedding, token) => embedder.EmbedAsync(samples.Slice(i * embedder.InputLength, embedder.InputLength), embedding, caller, token), cancellationToken);

    /// <exception cref="HttpFault">There are more than one request may have, or none.</exception>
    public static void RequireCount(long count, int most)
    {
        if (count < 1)
            throw HttpFault.BadRequest("There is nothing to embed.");
        if (count > most)
            throw new HttpFault(413, $"One request has at most {most} inputs, not {count}.");
    }

    private static async Task<float[]> Run(ITercetEmbedder embedder, int count, Func<int, Memory<float>, CancellationToken, ValueTask> embed, CancellationToken cancellationToken)
    {
        float[] rows = new float[count * embedder.Dimension];
        if (count == 1)
        {
            await embed(0, rows, cancellationToken);
            return rows;
        }

        ParallelOptions several = new() { MaxDegreeOfParallelism = embedder.Concurrency, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, count, several, (i, token) => embed(i, rows.AsMemory(i * embedder.Dimension, embedder.Dimension), token));
        return rows;
    }
}
