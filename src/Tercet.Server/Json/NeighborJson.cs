namespace Tercet.Server.Json;

/// <summary>A row of the gallery.</summary>
internal sealed record NeighborJson(long Id, float Distance, string Label, string Source);
