using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>Tables of one element a positive pair; values are in the metric's unit.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Positives
{
    /// <summary>Positive pairs of the anchors before; 64-bit.</summary>
    public nint Offsets;

    /// <summary>Exact distances by position.</summary>
    public nint Values;

    /// <summary>The same ascending.</summary>
    public nint Sorted;

    /// <summary>Rank → index by position.</summary>
    public nint Order;

    /// <summary>The sorted distances' keys.</summary>
    public nint Keys;

    /// <summary>The keys of the sorted distances plus the margin.</summary>
    public nint MarginKeys;

    /// <summary>The margin.</summary>
    public double Margin;

    /// <summary>Whether a value is its key's root.</summary>
    public int Root;
}
