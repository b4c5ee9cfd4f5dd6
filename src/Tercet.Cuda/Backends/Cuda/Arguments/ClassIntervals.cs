using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>By anchor: its label's interval of gallery positions, and its own position.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ClassIntervals
{
    /// <summary>First positions.</summary>
    public nint Starts;

    /// <summary>The positions after the last ones.</summary>
    public nint Ends;

    /// <summary>The anchors' own positions, or −1.</summary>
    public nint Selves;
}
