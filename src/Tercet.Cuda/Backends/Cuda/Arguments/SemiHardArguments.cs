using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>semi_hard</c> and <c>semi_hard_decide</c> take.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SemiHardArguments
{
    /// <summary>The anchors.</summary>
    public PackedRows Anchors;

    /// <summary>The gallery.</summary>
    public PackedRows Gallery;

    /// <summary>The anchors as float16 pairs; read by the tensor cores' kernel alone.</summary>
    public HalfPanels AnchorHalves;

    /// <summary>The gallery as float16 pairs; likewise.</summary>
    public HalfPanels GalleryHalves;

    /// <summary>The anchors' labels.</summary>
    public ClassIntervals Classes;

    /// <summary>The keys' error.</summary>
    public ToleranceBound Tolerance;

    /// <summary>The anchors' positives.</summary>
    public Positives Positives;

    /// <summary>The chunk's buckets: an anchor with k positives has k + 2.</summary>
    public KindBuffers Buckets;

    /// <summary>Exact keys of what was found, a bucket each.</summary>
    public nint BucketKeys;

    /// <summary>Triplets with a gap ≤ 0, 64-bit, an anchor each.</summary>
    public nint Hard;

    /// <summary>Triplets with a gap ≤ the margin, 64-bit, an anchor each.</summary>
    public nint Violating;

    /// <summary>The chunk's first panel of anchors.</summary>
    public int FirstPanel;

    /// <summary>The launch's first panel of gallery rows.</summary>
    public int FirstColumn;

    /// <summary>Whether triplets are counted.</summary>
    public int Counts;

    /// <summary>Whether the farthest negative is wanted.</summary>
    public int Farthest;
}
