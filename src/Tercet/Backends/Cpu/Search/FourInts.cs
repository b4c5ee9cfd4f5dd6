namespace Tercet.Backends.Cpu.Search;

/// <summary>Four plain integers in a row, beside <see cref="FourFloats"/>.</summary>
internal readonly record struct FourInts(int A, int B, int C, int D);
