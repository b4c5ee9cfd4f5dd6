using Tercet.Memory;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>K-means cells where they lie (<see cref="CellShape"/>), and what searches keep beside them: the centres' norms and the cells' inner and outer radii.</summary>
/// <remarks>Every row lies in the cell of the centre that is nearest to it in float64.</remarks>
internal sealed unsafe class CellTable : IDisposable
{
    private readonly NativeBlock? _owned;
    private readonly WorkerTeam _team = new();
    private readonly float[] _inner;
    private readonly float[] _outer;
    private readonly byte* _start;

    // SAFETY: for the whole class, the bytes that the shape says lie at start, in a mapping that outlives this or in memory that it owns; what they say of each
    // other is checked before it is used.

    /// <summary>Takes up cells that lie somewhere.</summary>
    /// <param name="start">Their first byte.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="rows">How many rows were dealt out to them.</param>
    /// <param name="owned">The memory to free with this, if it is not the caller's.</param>
    /// <exception cref="ArgumentException">They contradict themselves.</exception>
    public CellTable(byte* start, CellShape shape, int rows, NativeBlock? owned = null)
    {
        _start = start;
        (Shape, _owned) = (shape, owned);
        _inner = new float[shape.Cells];
        _outer = new float[shape.Cells];
        if (FindFault(rows) is { } fault)
            throw new ArgumentException($"The cells contradict themselves: {fault}.", nameof(start));
        for (int cell = 0; cell < shape.Cells; cell++)
        {
            int first = FirstBlock(cell) * CodeRows.BlockRows;
            (_inner[cell], _outer[cell]) = Count(cell) == 0 ? (0, 0) : (Radii[first], Radii[first + Count(cell) - 1]);
        }

        SourceRows centres = new((float*)(start + shape.CentresAt), shape.Depth);
        Centres = new GalleryRows(centres, shape.Cells, shape.Depth, SearchMetric.SquaredEuclidean, _team, 1);
    }

    public CellShape Shape { get; }

    /// <summary>The centres, scored by squared distance.</summary>
    public GalleryRows Centres { get; }

    /// <summary>Distance of each place's row from its centre; ascending within a cell.</summary>
    public float* Radii => (float*)(_start + Shape.RadiiAt);

    /// <summary>The row of each place; −1 for padding.</summary>
    public int* Rows => (int*)(_start + Shape.RowsAt);

    /// <summary>The smallest distance of a cell's row from its centre.</summary>
    public float Inner(int cell) => _inner[cell];

    /// <summary>The largest.</summary>
    public float Outer(int cell) => _outer[cell];

    /// <summary>The largest norm of a cell's row.</summary>
    public float Norm(int cell) => ((float*)(_start + Shape.NormsAt))[cell];

    public int FirstBlock(int cell) => ((int*)_start)[cell];

    public int EndBlock(int cell) => ((int*)_start)[cell + 1];

    /// <summary>How many rows a cell has.</summary>
    public int Count(int cell) => ((int*)(_start + Shape.CountsAt))[cell];

    /// <summary>A code block; the others follow.</summary>
    public byte* Block(int block) => _start + Shape.CodesAt + ((long)block * Shape.BlockBytes);

    /// <summary>Makes the cells of a gallery in memory.</summary>
    /// <param name="gallery">The rows.</param>
    /// <param name="cells">Number of cells; 0 means <see cref="CellShape.CellsFor"/>.</param>
    /// <param name="seed">What the training draws from.</param>
    /// <param name="threads">Threads to use.</param>
    public static CellTable Build(GalleryRows gallery, int cells, ulong seed, int threads)
    {
        CellRows rows = new(gallery.Count, gallery.Depth, gallery.Metric, row => new ReadOnlySpan<float>(gallery.Source[row], gallery.Depth));
        NativeBlock? block = null;
        try
        {
            cells = Math.Min(cells == 0 ? CellShape.CellsFor(gallery.Count) : cells, gallery.Count);
            CellShape shape = CellOrder.Build(rows, cells, seed, threads, default, found =>
            {
                block = new NativeBlock(AlignedAllocator.Instance, (nuint)found.Length);
                long done = 0;
                return bytes =>
                {
                    bytes.CopyTo(new Span<byte>((byte*)block.Address + done, bytes.Length));
                    done += bytes.Length;
                };
            });
            return new CellTable((byte*)block!.Address, shape, gallery.Count, block);
        }
        catch
        {
            block?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Centres.Dispose();
        _team.Dispose();
        _owned?.Dispose();
    }

    private string? FindFault(int rows)
    {
        long counted = 0;
        if (FirstBlock(0) != 0 || EndBlock(Shape.Cells - 1) != Shape.Blocks)
            return "the blocks of all cells are not all blocks";
        for (int cell = 0; cell < Shape.Cells; cell++)
        {
            if (Count(cell) < 0 || EndBlock(cell) > Shape.Blocks || EndBlock(cell) - FirstBlock(cell) != ((long)Count(cell) + CodeRows.BlockRows - 1) / CodeRows.BlockRows)
                return $"cell {cell} has {Count(cell)} rows and the blocks {FirstBlock(cell)} to {EndBlock(cell)}";
            counted += Count(cell);
            ReadOnlySpan<int> places = new(Rows + ((nint)FirstBlock(cell) * CodeRows.BlockRows), Count(cell));
            if (places.ContainsAnyExceptInRange(0, rows - 1))
                return $"cell {cell} has a row that does not exist";
            if (new ReadOnlySpan<int>(Rows + ((nint)FirstBlock(cell) * CodeRows.BlockRows) + Count(cell), ((EndBlock(cell) - FirstBlock(cell)) * CodeRows.BlockRows) - Count(cell)).ContainsAnyExcept(-1))
                return $"cell {cell} has a row behind its last";
        }

        return counted == rows ? null : $"{counted} rows were dealt out, not {rows}";
    }
}
