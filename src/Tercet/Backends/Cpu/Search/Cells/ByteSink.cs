namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>Receives the bytes of cells, from first to last.</summary>
internal delegate void ByteSink(ReadOnlySpan<byte> bytes);
