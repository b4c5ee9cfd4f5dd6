using Tercet.Backends.Cpu.Search.Cells;

namespace Tercet.Galleries.Format;

/// <summary>The k-means cells of a segment.</summary>
/// <param name="Cells">Number of cells.</param>
/// <param name="Blocks">Blocks of 16 rows that they take.</param>
/// <param name="File">The file.</param>
/// <param name="SumsHash">The XXH3-128 of the checksums of its blocks, which end it.</param>
internal sealed record CellsEntry(int Cells, int Blocks, FileEntry File, string SumsHash)
{
    /// <summary>Where the parts lie for rows of so many floats.</summary>
    public CellShape ShapeFor(int dimension) => new(Cells, Blocks, dimension);

    /// <summary>What is wrong with it for so many rows of so many floats; null for nothing.</summary>
    public string? FindFault(int rows, int dimension)
    {
        if (Cells < 1 || Cells > Math.Min(rows, CellShape.LargestCells) || Blocks < 1 || Blocks > CellShape.LargestBlocks(rows, Cells))
            return $"{Cells} cells in {Blocks} blocks";
        if (File is null || !Hashes.IsHash(File.Hash) || !Hashes.IsHash(SumsHash))
            return "cells without a checksum";
        long length = ShapeFor(dimension).Length;
        return File.Bytes == length + (sizeof(ulong) * BlockSums.BlocksOf(length)) ? null : $"cells of {File.Bytes} bytes";
    }
}
