namespace Tercet.Cli.Output;

/// <summary>How a search that looked only into the nearest cells compares with one that is exact.</summary>
/// <param name="Probes">Cells looked into, of each segment that has cells.</param>
/// <param name="Cells">Cells of all segments.</param>
/// <param name="Recall">The share of the exact answers' rows that were found; null where it was not asked for.</param>
/// <param name="ExactMs">What the exact searches took; null where there were none.</param>
internal sealed record ApproximationJson(int Probes, int Cells, double? Recall, double? ExactMs);
