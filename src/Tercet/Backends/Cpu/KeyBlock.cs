using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>The keys of one block of <see cref="BlockPairs"/>, rows of one label made larger than any threshold. One worker's.</summary>
internal sealed unsafe class KeyBlock(CpuSession session) : IDisposable
{
    /// <summary>Floats from row to row: an odd number of cache lines, so that a column does not fall into few sets of the cache.</summary>
    public const int Stride = BlockPairs.LargestBlock + 16;

    private readonly PinnedBuffer<float> _keys = new(BlockPairs.LargestBlock * Stride);

    /// <summary>The keys, row by row.</summary>
    // SAFETY: here and below, LargestBlock rows of Stride floats, of which a block uses whole panels and never more than that.
    public float* Keys => (float*)_keys.DangerousGetAddress();

    /// <summary>Computes a block; all of it, whole diagonal blocks included.</summary>
    public void Compute(BlockPair block, KeyParts parts)
    {
        ComputeTiles(block, parts);
        if (block.IsDiagonal)
            Mirror(block.Rows);
        MaskClasses(block);
    }

    public void Dispose() => _keys.Dispose();

    // A strip of rows at a time, in parts of the dimensions that are added up: see KeyParts.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeTiles(BlockPair block, KeyParts parts)
    {
        TileKernel kernel = session.Kernel;
        PackedPanels panels = session.Gallery;
        int width = kernel.Columns;
        for (int row = 0; row < block.Rows; row += kernel.Rows)
        {
            float* keys = Keys + (row * Stride);
            int firstNeeded = block.IsDiagonal ? row / width * width : 0;
            float* rowData = panels.Panel((block.FirstRow + row) / width) + ((block.FirstRow + row) % width);
            for (int part = 0; part < parts.Count; part++)
            {
                delegate*<float*, float*, nint, float*, float*, float, float*, nint, void> compute = part == 0 ? kernel.Compute : kernel.Proceed;
                int first = part * parts.Depth;
                for (int column = firstNeeded; column < block.Columns; column += width)
                {
                    compute(
                        rowData + (first * width),
                        panels.Panel((block.FirstColumn + column) / width) + (first * width),
                        Math.Min(parts.Depth, panels.Depth - first),
                        panels.HalfNorms + block.FirstRow + row,
                        panels.HalfNorms + block.FirstColumn + column,
                        session.KeyScale,
                        keys + column,
                        Stride);
                }
            }
        }
    }

    // A group's keys with itself, from the panels above the diagonal.
    private void Mirror(int rows)
    {
        int width = session.Kernel.Columns;
        for (int row = 0; row < rows; row += width)
        {
            for (int column = row + width; column < rows; column += width)
                session.Kernel.Fold.Transpose(Keys + (row * Stride) + column, Stride, width, width, Keys + (column * Stride) + row, Stride);
        }
    }

    // Rows of one label are no negatives of each other.
    private void MaskClasses(BlockPair block)
    {
        ReadOnlySpan<int> starts = session.Layout.ClassStarts;
        ReadOnlySpan<int> ends = session.Layout.ClassEnds;
        int live = Math.Min(block.Rows, starts.Length - block.FirstRow);
        if (live <= 0 || ends[block.FirstRow + live - 1] <= block.FirstColumn)
            return;
        for (int row = 0; row < live; row++)
        {
            int start = Math.Max(starts[block.FirstRow + row] - block.FirstColumn, 0);
            int end = Math.Min(ends[block.FirstRow + row] - block.FirstColumn, block.Columns);
            if (start < end)
                new Span<float>(Keys + (row * Stride) + start, end - start).Fill(float.MaxValue);
        }
    }
}
