using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>key_rows</c> takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KeyRowsArguments
{
    /// <summary>The anchors.</summary>
    public PackedRows Anchors;

    /// <summary>The gallery.</summary>
    public PackedRows Gallery;

    /// <summary>Receives the chunk's keys.</summary>
    public nint Keys;

    /// <summary>Floats from one anchor's keys to the next one's.</summary>
    public long Pitch;

    /// <summary>The chunk's first panel of anchors.</summary>
    public int FirstPanel;
}
