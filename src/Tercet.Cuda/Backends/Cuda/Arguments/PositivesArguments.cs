using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>positives</c> takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PositivesArguments
{
    /// <summary>The anchors.</summary>
    public PackedRows Anchors;

    /// <summary>The gallery.</summary>
    public PackedRows Gallery;

    /// <summary>The anchors' labels.</summary>
    public ClassIntervals Classes;

    /// <summary>Receives the tables.</summary>
    public Positives Positives;
}
