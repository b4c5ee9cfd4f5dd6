namespace Tercet.Backends.Cpu.Search;

/// <summary>A query and a row that may be among its nearest, as far as the codes tell.</summary>
internal readonly record struct KeptRow(int Query, int Row);
