using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>Rows as the kernels read them; addresses are the device's. Mirrors <c>tercet::PackedRows</c> in native/kernels/arguments.h, as its neighbours mirror theirs.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PackedRows
{
    /// <summary>The caller's rows.</summary>
    public nint Source;

    /// <summary>Position → the caller's row.</summary>
    public nint Order;

    /// <summary><c>[panels, padded depth, 128]</c>.</summary>
    public nint Panels;

    /// <summary>What a row adds to its keys.</summary>
    public nint Terms;

    /// <summary>Float64 norms.</summary>
    public nint Norms;

    /// <summary>Floats from one source row to the next.</summary>
    public long Stride;

    /// <summary>Number of rows.</summary>
    public int Count;

    /// <summary>Dimension of a row.</summary>
    public int Depth;

    /// <summary>The same as panels hold it.</summary>
    public int PaddedDepth;

    /// <summary>Number of panels.</summary>
    public int PanelCount;
}
