using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu.Search;

/// <summary>One vector width of the search kernels.</summary>
// SAFETY: the function pointers are addresses of static methods of this assembly.
internal sealed unsafe class SearchKernel
{
    private SearchKernel(
        TileKernel shape,
        delegate*<float*, nint, float*, nint, float*, float*, float*, float*, ulong*, bool> tile,
        delegate*<float*, nint, nint, int, float*, float*, float*, float*, void> dots,
        delegate*<float*, nint, float*, float*, float*, float*, void> dot,
        delegate*<byte*, int, nint, int*, CodeQuery*, float*, void> codes,
        delegate*<byte*, nint, int*, CodeQuery*, float*, uint*, bool> codeTile)
    {
        (Rows, Columns, Fold) = (shape.Rows, shape.Columns, shape.Fold);
        Tile = tile;
        Dots = dots;
        Dot = dot;
        Codes = codes;
        CodeTile = codeTile;
    }

    /// <summary>Gallery rows of a tile.</summary>
    public int Rows { get; }

    /// <summary>Queries of a tile.</summary>
    public int Columns { get; }

    /// <summary>The comparison with limits.</summary>
    public IBlockFold Fold { get; }

    /// <summary>See <see cref="ScoreTile8x3{TLanes, TVector}.Compute"/>.</summary>
    public delegate*<float*, nint, float*, nint, float*, float*, float*, float*, ulong*, bool> Tile { get; }

    /// <summary>See <see cref="RowDots{TLanes, TVector, TScan, TInts}.Compute"/>.</summary>
    public delegate*<float*, nint, nint, int, float*, float*, float*, float*, void> Dots { get; }

    /// <summary>See <see cref="RowDots{TLanes, TVector, TScan, TInts}.ComputeOne"/>.</summary>
    public delegate*<float*, nint, float*, float*, float*, float*, void> Dot { get; }

    /// <summary>See <see cref="CodeScan{TLanes, TVector, TScan, TInts}.Compute"/>.</summary>
    public delegate*<byte*, int, nint, int*, CodeQuery*, float*, void> Codes { get; }

    /// <summary>See <see cref="CodeTile{TLanes, TVector, TScan, TInts}.Compute"/>.</summary>
    public delegate*<byte*, nint, int*, CodeQuery*, float*, uint*, bool> CodeTile { get; }

    /// <summary>The kernels of one width.</summary>
    /// <param name="lanes">The width; <see langword="null"/> means the preferred one.</param>
    /// <exception cref="TercetException">This machine does not run that width.</exception>
    public static SearchKernel For(CpuLanes? lanes)
    {
        TileKernel shape = TileKernel.For(lanes ?? TileKernel.Preferred);
        return shape.Lanes switch
        {
            CpuLanes.Bits512 => Create<Lanes512, Vector512<float>, ScanLanes512, Vector512<int>>(shape, &ScoreTile8x3<Lanes512, Vector512<float>>.Compute),
            CpuLanes.Bits256 => Create<Lanes256, Vector256<float>, ScanLanes256, Vector256<int>>(shape, &ScoreTile4x3<Lanes256, Vector256<float>>.Compute),
            CpuLanes.Bits128 => Create<Lanes128, Vector128<float>, ScanLanes128, Vector128<int>>(shape, &ScoreTile4x3<Lanes128, Vector128<float>>.Compute),
            _ => Create<LanesScalar, FourFloats, ScanLanesScalar, FourInts>(shape, &ScoreTile4x3<LanesScalar, FourFloats>.Compute),
        };
    }

    private static SearchKernel Create<TLanes, TVector, TScan, TInts>(
        TileKernel shape,
        delegate*<float*, nint, float*, nint, float*, float*, float*, float*, ulong*, bool> tile)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct
        where TScan : struct, IScanLanes<TVector, TInts>
        where TInts : struct =>
        new(
            shape,
            tile,
            &RowDots<TLanes, TVector, TScan, TInts>.Compute,
            &RowDots<TLanes, TVector, TScan, TInts>.ComputeOne,
            &CodeScan<TLanes, TVector, TScan, TInts>.Compute,
            &CodeTile<TLanes, TVector, TScan, TInts>.Compute);
}
