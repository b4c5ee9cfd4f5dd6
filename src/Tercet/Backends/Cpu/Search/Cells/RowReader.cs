namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>Gives a row by its number, valid until the next call.</summary>
internal delegate ReadOnlySpan<float> RowReader(int row);
