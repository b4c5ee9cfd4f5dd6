namespace Tercet.Backends.Cpu.Search;

/// <summary>A row that may be among a query's nearest, and between what bounds its score lies.</summary>
internal readonly record struct Candidate(float Lower, float Upper, int Row);
