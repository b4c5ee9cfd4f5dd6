namespace Tercet.Cli.Output;

/// <summary>A pair of faces.</summary>
/// <param name="First">One file.</param>
/// <param name="Second">The other.</param>
/// <param name="Distance">Squared Euclidean distance of the unit embeddings.</param>
/// <param name="Cosine">Their cosine similarity.</param>
internal sealed record DemoPairJson(string First, string Second, double Distance, double Cosine);
