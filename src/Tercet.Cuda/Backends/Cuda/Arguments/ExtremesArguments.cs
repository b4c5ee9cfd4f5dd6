using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>extremes</c>, <c>decide</c> and <c>rescan</c> take.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ExtremesArguments
{
    /// <summary>The anchors.</summary>
    public PackedRows Anchors;

    /// <summary>The gallery.</summary>
    public PackedRows Gallery;

    /// <summary>The anchors' labels.</summary>
    public ClassIntervals Classes;

    /// <summary>The keys' error.</summary>
    public ToleranceBound Tolerance;

    /// <summary>Kind 0.</summary>
    public KindBuffers FarthestPositive;

    /// <summary>Kind 1.</summary>
    public KindBuffers NearestPositive;

    /// <summary>Kind 2.</summary>
    public KindBuffers NearestNegative;

    /// <summary>The anchors as float16 pairs.</summary>
    public HalfPanels AnchorHalves;

    /// <summary>The gallery as float16 pairs.</summary>
    public HalfPanels GalleryHalves;

    /// <summary>Receives the exact keys of what was found.</summary>
    public nint Keys;

    /// <summary>Bit k: kind k; the bits of <see cref="ExtremeKinds"/>.</summary>
    public int Wanted;

    /// <summary>Whether anchor position i is gallery position i.</summary>
    public int Symmetric;
}
