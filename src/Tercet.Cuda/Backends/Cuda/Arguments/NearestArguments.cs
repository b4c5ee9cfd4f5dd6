using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What the kernels of the nearest rows take.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NearestArguments
{
    /// <summary>The queries.</summary>
    public PackedRows Anchors;

    /// <summary>The gallery.</summary>
    public PackedRows Gallery;

    /// <summary>The queries as float16 pairs.</summary>
    public HalfPanels AnchorHalves;

    /// <summary>The gallery as float16 pairs.</summary>
    public HalfPanels GalleryHalves;

    /// <summary>The keys' error.</summary>
    public ToleranceBound Tolerance;

    /// <summary>Ordered bits of the smallest key of each group of gallery rows.</summary>
    public nint Minima;

    /// <summary>Up to which key a row is a candidate.</summary>
    public nint Limits;

    /// <summary>Candidates met.</summary>
    public nint Counts;

    /// <summary>The candidates.</summary>
    public nint Candidates;

    /// <summary>Receives exact keys, ascending.</summary>
    public nint Keys;

    /// <summary>Receives their gallery rows.</summary>
    public nint Rows;

    /// <summary>The first panel of queries.</summary>
    public int FirstPanel;

    /// <summary>How many rows are wanted.</summary>
    public int K;
}
