namespace Tercet.Server.Json;

/// <summary>Embeddings, one a row in the order of the images.</summary>
internal sealed record EmbedJson(string Model, int Dimension, IReadOnlyList<float[]> Embeddings);
