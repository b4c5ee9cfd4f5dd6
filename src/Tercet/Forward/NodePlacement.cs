using System.Collections.Immutable;

namespace Tercet.Forward;

/// <summary>Which execution provider ran the nodes of the optimised graph, as recorded in the first run after loading.</summary>
/// <param name="IsKnown">False where the record could not be written (no temporary folder), and the rest is empty.</param>
/// <param name="NodesPerProvider">Number of nodes by provider name.</param>
/// <param name="CpuFallbacks">Nodes (<c>name (operator)</c>) that ran on the CPU though another device was in use; empty on the CPU itself.</param>
public sealed record NodePlacement(bool IsKnown, ImmutableSortedDictionary<string, int> NodesPerProvider, ImmutableArray<string> CpuFallbacks);
