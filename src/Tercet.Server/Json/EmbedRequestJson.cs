namespace Tercet.Server.Json;

/// <summary>Images to embed, in base64.</summary>
/// <remarks>What may be left out is set, not initialised: the generated reader would initialise it with nothing.</remarks>
internal sealed record EmbedRequestJson
{
    public required IReadOnlyList<byte[]> Images { get; init; }

    /// <summary>Whether to scale embeddings to unit length.</summary>
    public bool Normalize { get; set; }
}
