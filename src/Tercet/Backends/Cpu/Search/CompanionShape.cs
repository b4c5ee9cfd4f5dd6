namespace Tercet.Backends.Cpu.Search;

/// <summary>Where the parts of a search's companion lie when it is kept in a file: factors, biases, code blocks, each from a multiple of 64 bytes.</summary>
/// <param name="Rows">Number of rows.</param>
/// <param name="Depth">Floats a row.</param>
internal readonly record struct CompanionShape(int Rows, int Depth)
{
    private const int Alignment = 64;

    /// <summary>Factors, and as many biases: one a row, padded.</summary>
    public int Padded => GalleryRows.PaddedCount(Rows);

    public long BiasesAt => Align(sizeof(float) * (long)Padded);

    public long CodesAt => 2 * BiasesAt;

    /// <summary>Bytes of one block of codes.</summary>
    public int BlockBytes => CodeRows.BlockBytesOf(Depth);

    /// <summary>Number of blocks, an even one.</summary>
    public int BlockCount => CodeRows.BlockCountOf(Rows);

    /// <summary>Bytes in all.</summary>
    public long Length => CodesAt + ((long)BlockCount * BlockBytes);

    private static long Align(long bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
