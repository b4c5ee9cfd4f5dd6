namespace Tercet.Server.Json;

/// <summary>The nearest rows, nearest first, of equal distances the lowest id.</summary>
internal sealed record SearchAnswerJson(string Model, long Generation, string Metric, IReadOnlyList<NeighborJson> Neighbors);
