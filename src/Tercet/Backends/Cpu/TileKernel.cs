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

    private TileKernel(CpuLanes lanes, int rows, int columns, delegate*<float*, float*, nint, float*, float*, float, float*, nint, void> compute, IBlockFold fold)
    {
        Fold = fold;
        Lanes = lanes;
        Rows = rows;
        Columns = columns;
        Compute = compute;
    }

    /// <summary>The vector width.</summary>
    public CpuLanes Lanes { get; }

    /// <summary>Rows of a tile; divides <see cref="Columns"/>.</summary>
    public int Rows { get; }

    /// <summary>Columns of a tile, and rows of a packed panel.</summary>
    public int Columns { get; }

    /// <summary>The code; see <see cref="TileKernel8x3{TLanes, TVector}"/> for its parameters.</summary>
    public delegate*<float*, float*, nint, float*, float*, float, float*, nint, void> Compute { get; }

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
        CpuLanes.Bits512 => new(lanes, 8, 48, &TileKernel8x3<Lanes512, Vector512<float>>.Compute, new BlockFold<Lanes512, Vector512<float>>()),
        CpuLanes.Bits256 => new(lanes, 4, 24, &TileKernel4x3<Lanes256, Vector256<float>>.Compute, new BlockFold<Lanes256, Vector256<float>>()),
        CpuLanes.Bits128 => new(lanes, 4, 12, &TileKernel4x3<Lanes128, Vector128<float>>.Compute, new BlockFold<Lanes128, Vector128<float>>()),
        _ => new(lanes, 4, 12, &TileKernel4x3<LanesScalar, FourFloats>.Compute, new BlockFold<LanesScalar, FourFloats>()),
    };

    private static CpuLanes Require(CpuLanes lanes) => Supported.Contains(lanes)
        ? lanes
        : throw new TercetException($"This processor does not run the {lanes} kernels; it runs {string.Join(", ", Supported)}.");
}
