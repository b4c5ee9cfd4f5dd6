namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>
/// Where the parts of k-means cells lie, in memory or in a file, each from a multiple of 64 bytes: first blocks, row counts and largest norms of the cells, their
/// centres, then for each place the distance to the centre and the row, then the code blocks of the rows in the order of places.
/// </summary>
/// <remarks>The places of a cell are whole blocks of <see cref="CodeRows.BlockRows"/>, its rows ascending by distance to the centre in front, padding behind.</remarks>
/// <param name="Cells">Number of cells, empty ones included.</param>
/// <param name="Blocks">Blocks of all cells.</param>
/// <param name="Depth">Floats a row.</param>
internal readonly record struct CellShape(int Cells, int Blocks, int Depth)
{
    /// <summary>Most cells.</summary>
    public const int LargestCells = 1 << 14;

    private const int Alignment = 64;

    /// <summary>Places of all cells.</summary>
    public int Places => Blocks * CodeRows.BlockRows;

    public int BlockBytes => CodeRows.BlockBytesOf(Depth);

    public long CountsAt => After(0, Cells + 1L);

    public long NormsAt => After(CountsAt, Cells);

    public long CentresAt => After(NormsAt, Cells);

    public long RadiiAt => After(CentresAt, (long)Cells * Depth);

    public long RowsAt => After(RadiiAt, Places);

    public long CodesAt => After(RowsAt, Places);

    /// <summary>Bytes in all.</summary>
    public long Length => CodesAt + ((long)Blocks * BlockBytes);

    /// <summary>Most blocks that so many rows take in so many cells.</summary>
    public static long LargestBlocks(long rows, int cells) => (rows / CodeRows.BlockRows) + Math.Min(rows, cells);

    /// <summary>How many cells so many rows are parted into: the power of two next to 4√rows.</summary>
    public static int CellsFor(int rows) =>
        (int)Math.Clamp(Math.Pow(2, Math.Round(Math.Log2(4 * Math.Sqrt(rows)))), 1, Math.Min(rows, LargestCells));

    private static long After(long offset, long values) => (offset + (sizeof(float) * values) + Alignment - 1) / Alignment * Alignment;
}
