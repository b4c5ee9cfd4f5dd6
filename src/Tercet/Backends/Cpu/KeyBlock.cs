using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>The keys of one block of <see cref="BlockPairs"/>, rows of one label made larger than any threshold. One worker's.</summary>
/// <param name="session">The session.</param>
/// <param name="largestBlock">Most rows and columns of a block.</param>
internal sealed unsafe class KeyBlock(CpuSession session, int largestBlock) : IDisposable
{
    /// <summary>Floats behind a row's: rows are an odd number of cache lines apart, so that a column does not fall into few sets of the cache.</summary>
    public const int Padding = 16;

    // A strip's keys stay in the first-level cache.
    private const int LargestStrip = 24;

    private readonly PinnedBuffer<float> _keys = new(largestBlock * (largestBlock + Padding));

    /// <summary>Floats from row to row.</summary>
    public int Stride { get; } = largestBlock + Padding;

    /// <summary>The keys, row by row.</summary>
    // SAFETY: here and below, largestBlock rows of Stride floats, of which a block uses whole panels and never more than that.
    public float* Keys => (float*)_keys.DangerousGetAddress();

    /// <summary>Rows of a strip: divides a panel.</summary>
    public int StripRows { get; } = session.Kernel.Columns <= LargestStrip ? session.Kernel.Columns : session.Kernel.Fold.Width;

    /// <summary>Computes a block; all of it, whole diagonal blocks included.</summary>
    public void Compute(BlockPair block, KeyParts parts)
    {
        for (int row = 0; row < block.Rows; row += StripRows)
            ComputeStrip(block, row, parts, Keys + (row * Stride));
        if (block.IsDiagonal)
            session.Kernel.Fold.Mirror(Keys, Stride, block.Rows, session.Kernel.Columns);
    }

    /// <summary>Computes a strip of a block's rows. Of a diagonal block those columns are left out whose panels stand before the rows.</summary>
    /// <param name="block">The block.</param>
    /// <param name="row">The strip's first row in the block, a multiple of <see cref="StripRows"/>.</param>
    /// <param name="parts">The parts of the dimensions, whose products are summed apart.</param>
    /// <param name="keys">Receives <see cref="StripRows"/> rows, <see cref="Stride"/> apart: inside <see cref="Keys"/>.</param>
    public void ComputeStrip(BlockPair block, int row, KeyParts parts, float* keys)
    {
        TileKernel kernel = session.Kernel;
        PackedPanels panels = session.Gallery;
        int width = kernel.Columns;
        int firstNeeded = block.IsDiagonal ? row / width * width : 0;
        int firstPanel = (block.FirstColumn + firstNeeded) / width, endPanel = (block.FirstColumn + block.Columns) / width;
        for (int first = 0; first < panels.Depth; first += parts.Depth)
        {
            kernel.ComputePanels(
                panels, block.FirstRow + row, StripRows, panels, firstPanel, endPanel, first, Math.Min(parts.Depth, panels.Depth - first), session.KeyScale, keys + firstNeeded, Stride);
        }

        MaskClasses(block, row, StripRows, keys);
    }

    public void Dispose() => _keys.Dispose();

    // Rows of one label are no negatives of each other.
    private void MaskClasses(BlockPair block, int row, int rows, float* keys)
    {
        ReadOnlySpan<int> starts = session.Layout.ClassStarts;
        ReadOnlySpan<int> ends = session.Layout.ClassEnds;
        int first = block.FirstRow + row;
        int live = Math.Min(rows, starts.Length - first);
        if (live <= 0 || ends[first + live - 1] <= block.FirstColumn)
            return;
        for (int i = 0; i < live; i++)
        {
            int start = Math.Max(starts[first + i] - block.FirstColumn, 0);
            int end = Math.Min(ends[first + i] - block.FirstColumn, block.Columns);
            if (start < end)
                new Span<float>(keys + (i * Stride) + start, end - start).Fill(float.MaxValue);
        }
    }
}
