using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>moments</c> and <c>moments_finish</c> take.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MomentsArguments
{
    /// <summary>The rows, prepared.</summary>
    public PackedRows Rows;

    /// <summary>Working memory: sums over segments of rows.</summary>
    public nint PartialSums;

    /// <summary>Working memory: squared norms over segments of rows.</summary>
    public nint PartialNorms;

    /// <summary>What <c>prepare</c> says of the rows.</summary>
    public nint FirstBad;

    /// <summary>The same of the anchors.</summary>
    public nint FirstBadAnchor;

    /// <summary>Receives the <see cref="DeviceMoments"/>.</summary>
    public nint Moments;
}
