using Tercet.Backends.Cpu.Search;

namespace Tercet.Galleries.Format;

/// <summary>
/// Where everything lies in a companion: what searches keep beside rows (<see cref="CompanionShape"/>), the checksum of each block of the segment, and the
/// checksum of each block of what comes first.
/// </summary>
/// <param name="Rows">Number of rows.</param>
/// <param name="Dimension">Floats a row.</param>
/// <param name="ArrowBytes">Bytes of the segment's file.</param>
internal readonly record struct CompanionLayout(int Rows, int Dimension, long ArrowBytes)
{
    public CompanionShape Shape => new(Rows, Dimension);

    /// <summary>Where the checksums begin.</summary>
    public long SumsAt => Shape.Length;

    public int ArrowBlocks => BlockSums.BlocksOf(ArrowBytes);

    public int OwnBlocks => BlockSums.BlocksOf(SumsAt);

    public int SumsBytes => sizeof(ulong) * (ArrowBlocks + OwnBlocks);

    /// <summary>Bytes of the file.</summary>
    public long Length => SumsAt + SumsBytes;
}
