// What a tile kernel takes: its rows and its columns, the floats between the slabs of a panel, the depth; where to ask for memory meanwhile; the half norms of rows and of
// columns, the scale; and where the keys go, so many floats from row to row. See TileKernel8x3 and TileKernel4x3.
global using unsafe TileCode = delegate*<float*, float*, nint, nint, float*, float*, float*, float, float*, nint, void>;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Tercet.Backends.Cpu;

/// <summary>One form of the tile kernel: its shape and its code.</summary>
// SAFETY: the function pointer is the address of a static method of this assembly.
internal sealed unsafe class TileKernel
{
    /// <summary>The environment variable that forces a width: <c>scalar</c>, <c>128</c>, <c>256</c> or <c>512</c>.</summary>
    public const string LanesVariable = "TERCET_LANES";

    // One vector of a tile's columns. Null where all three cost hardly more.
    private readonly TileCode _computeVector;

    private TileKernel(
        CpuLanes lanes,
        int rows,
        int columns,
        int slabRows,
        TileCode compute,
        TileCode proceed,
        TileCode computeVector,
        IBlockFold fold)
    {
        _computeVector = computeVector;
        Fold = fold;
        Lanes = lanes;
        Rows = rows;
        Columns = columns;
        SlabRows = slabRows;
        Compute = compute;
        Proceed = proceed;
    }

    /// <summary>The vector width.</summary>
    public CpuLanes Lanes { get; }

    /// <summary>Rows of a tile; divides <see cref="Columns"/>.</summary>
    public int Rows { get; }

    /// <summary>Columns of a tile, and rows of a packed panel.</summary>
    public int Columns { get; }

    /// <summary>
    /// Rows of a panel that stand side by side, dimension by dimension: all of them, or one vector's. A slab of one vector keeps the rows of a tile in few lines of the cache.
    /// </summary>
    public int SlabRows { get; }

    /// <summary>Whether <see cref="ComputeSome"/> may be called.</summary>
    public bool LeavesOut => _computeVector != null;

    /// <summary>The code; see <see cref="TileKernel8x3{TLanes, TVector, TStart}"/> for its parameters.</summary>
    public TileCode Compute { get; }

    /// <summary>The same for a further part of the dimensions: adds to the keys that are there.</summary>
    public TileCode Proceed { get; }

    /// <summary>The epilogue of the same width.</summary>
    public IBlockFold Fold { get; }

    /// <summary>The widths that this machine runs, widest first.</summary>
    public static IEnumerable<CpuLanes> Supported
    {
        get
        {
            if (Avx512F.IsSupported)
                yield return CpuLanes.Bits512;
            if (Avx2.IsSupported && Fma.IsSupported)
                yield return CpuLanes.Bits256;
            if (Vector128.IsHardwareAccelerated && (Fma.IsSupported || AdvSimd.IsSupported))
                yield return CpuLanes.Bits128;
            yield return CpuLanes.Scalar;
        }
    }

    /// <summary>The width that <see cref="LanesVariable"/> asks for, or the widest supported one.</summary>
    /// <exception cref="TercetException">The variable names a width that does not exist, or that this machine does not run.</exception>
    public static CpuLanes Preferred
    {
        get
        {
            string? forced = Environment.GetEnvironmentVariable(LanesVariable);
            return forced switch
            {
                null or "" => Supported.First(),
                "scalar" => CpuLanes.Scalar,
                "128" => Require(CpuLanes.Bits128),
                "256" => Require(CpuLanes.Bits256),
                "512" => Require(CpuLanes.Bits512),
                _ => throw new TercetException($"{LanesVariable} is '{forced}'; use scalar, 128, 256 or 512, or leave it unset."),
            };
        }
    }

    /// <summary>The kernel of one width.</summary>
    /// <exception cref="TercetException">This machine does not run that width.</exception>
    public static TileKernel For(CpuLanes lanes) => Require(lanes) switch
    {
        CpuLanes.Bits512 => Tall<Lanes512, Vector512<float>>(lanes),
        CpuLanes.Bits256 => Flat<Lanes256, Vector256<float>>(lanes),
        CpuLanes.Bits128 => Flat<Lanes128, Vector128<float>>(lanes),
        _ => Flat<LanesScalar, FourFloats>(lanes),
    };

    /// <summary>
    /// A tile of which the columns from <paramref name="first"/> to before <paramref name="end"/> are wanted, in whole vectors; the others are left out. Only where it
    /// <see cref="LeavesOut"/>. What else it takes is what <see cref="Compute"/> takes.
    /// </summary>
    public void ComputeSome(int first, int end, float* rows, float* columns, nint slab, nint depth, float* ahead, float* rowHalfNorms, float* columnHalfNorms, float scale, float* keys, nint keysStride)
    {
        if (end - first == Columns)
        {
            Compute(rows, columns, slab, depth, ahead, rowHalfNorms, columnHalfNorms, scale, keys, keysStride);
            return;
        }

        for (int column = first; column < end; column += Fold.Width)
            _computeVector(rows, columns + column, slab, depth, ahead, rowHalfNorms, columnHalfNorms + column, scale, keys + column, keysStride);
    }

    /// <summary>
    /// The keys of some rows against some panels of columns, one panel after the other: each meets all tiles of the rows while it is in the first-level cache, and each tile asks for its share
    /// of the next.
    /// </summary>
    /// <param name="rows">The rows.</param>
    /// <param name="firstRow">The first one, a multiple of <see cref="Rows"/>.</param>
    /// <param name="rowCount">How many, in whole tiles and of one panel.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="firstPanel">Their first panel.</param>
    /// <param name="endPanel">The panel after the last.</param>
    /// <param name="firstDimension">The first dimension: from the second part on, products are added to the keys that are there.</param>
    /// <param name="depth">Number of dimensions.</param>
    /// <param name="scale">What turns an accumulator into a key.</param>
    /// <param name="keys">The first row's key of the first column.</param>
    /// <param name="stride">Floats from one row's keys to the next one's.</param>
    // SAFETY: panels are whole, so every tile lies inside the packed rows; the caller's keys have room for all tiles.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void ComputePanels(PackedPanels rows, int firstRow, int rowCount, PackedPanels columns, int firstPanel, int endPanel, int firstDimension, int depth, float scale, float* keys, nint stride)
    {
        TileCode compute = firstDimension == 0 ? Compute : Proceed;
        int width = Columns, tileRows = Rows, tiles = rowCount / tileRows;
        nint slab = columns.Slab, panelFloats = (nint)width * columns.Depth;
        float* firstColumn = columns.At(firstPanel * width, firstDimension), column = firstColumn;
        float** row = stackalloc float*[tiles];
        nint* share = stackalloc nint[tiles];
        for (int i = 0; i < tiles; i++)
        {
            int first = i * tileRows;
            row[i] = rows.At(firstRow + first, firstDimension);
            share[i] = (first / SlabRows * slab) + (first % SlabRows * depth);
        }

        float* rowNorms = rows.HalfNorms + firstRow;
        for (int panel = firstPanel; panel < endPanel; panel++, column += panelFloats, keys += width)
        {
            float* columnNorms = columns.HalfNorms + (panel * width);

            // After the last panel, the next rows begin with the first again.
            float* ahead = panel + 1 < endPanel ? column + panelFloats : firstColumn;
            for (int i = 0; i < tiles; i++)
                compute(row[i], column, slab, depth, ahead + share[i], rowNorms + (i * tileRows), columnNorms, scale, keys + (i * tileRows * stride), stride);
        }
    }

    private static TileKernel Tall<TLanes, TVector>(CpuLanes lanes)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct =>
        new(
            lanes,
            8,
            3 * TLanes.Width,
            slabRows: 3 * TLanes.Width,
            &TileKernel8x3<TLanes, TVector, FromNorms>.Compute,
            &TileKernel8x3<TLanes, TVector, FromKeys>.Compute,
            &TileKernel8x1<TLanes, TVector>.Compute,
            new BlockFold<TLanes, TVector>());

    private static TileKernel Flat<TLanes, TVector>(CpuLanes lanes)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct =>
        new(
            lanes,
            4,
            3 * TLanes.Width,
            slabRows: TLanes.Width,
            &TileKernel4x3<TLanes, TVector, FromNorms>.Compute,
            &TileKernel4x3<TLanes, TVector, FromKeys>.Compute,
            computeVector: null,
            new BlockFold<TLanes, TVector>());

    private static CpuLanes Require(CpuLanes lanes) => Supported.Contains(lanes)
        ? lanes
        : throw new TercetException($"This processor does not run the {lanes} kernels; it runs {string.Join(", ", Supported)}.");
}
