using Tercet.Extensions;
using Tercet.Server.Http;

namespace Tercet.Server.Endpoints;

/// <summary>Embeds several inputs of one request, all asked for at the same time. What was asked for is awaited whatever happens: its memory is ours.</summary>
internal static class ImageBatch
{
    public static Task<float[]> EmbedImages(ITercetEmbedder embedder, IReadOnlyList<byte[]> images, string? caller, CancellationToken cancellationToken) =>
        Run(embedder, images.Count, (i, embedding) => embedder.EmbedImageAsync(images[i], embedding, caller, cancellationToken));

    public static Task<float[]> EmbedSamples(ITercetEmbedder embedder, ReadOnlyMemory<float> samples, string? caller, CancellationToken cancellationToken) =>
        Run(embedder, samples.Length / embedder.InputLength, (i, embedding) => embedder.EmbedAsync(samples.Slice(i * embedder.InputLength, embedder.InputLength), embedding, caller, cancellationToken));

    /// <exception cref="HttpFault">There are more than one request may have, or none.</exception>
    public static void RequireCount(long count, int most)
    {
        if (count < 1)
            throw HttpFault.BadRequest("There is nothing to embed.");
        if (count > most)
            throw new HttpFault(413, $"One request has at most {most} inputs, not {count}.");
    }

    private static async Task<float[]> Run(ITercetEmbedder embedder, int count, Func<int, Memory<float>, ValueTask> embed)
    {
        float[] rows = new float[count * embedder.Dimension];
        Task[] tasks = new Task[count];
        for (int i = 0; i < count; i++)
            tasks[i] = One(embed, i, rows.AsMemory(i * embedder.Dimension, embedder.Dimension));
        await Task.WhenAll(tasks);
        return rows;
    }

    private static async Task One(Func<int, Memory<float>, ValueTask> embed, int index, Memory<float> embedding) => await embed(index, embedding);
}
