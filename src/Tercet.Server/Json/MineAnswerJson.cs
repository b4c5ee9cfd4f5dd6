namespace Tercet.Server.Json;

/// <summary>What was mined.</summary>
/// <param name="Triplets">Rows: anchor, positive, negative.</param>
/// <param name="PositiveDistances">d(a,p) of each.</param>
/// <param name="NegativeDistances">d(a,n) of each.</param>
/// <param name="ValidTriplets">How many triplets the labels allow.</param>
/// <param name="IsCollapsed">Whether the embeddings have collapsed.</param>
internal sealed record MineAnswerJson(
    IReadOnlyList<int[]> Triplets, IReadOnlyList<float> PositiveDistances, IReadOnlyList<float> NegativeDistances, long ValidTriplets, bool IsCollapsed);
