using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>prepare_halves</c> takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PrepareHalvesArguments
{
    /// <summary>The rows, prepared.</summary>
    public PackedRows Rows;

    /// <summary>Receives their fragments.</summary>
    public nint Fragments;

    /// <summary>Receives what undoes their scaling.</summary>
    public nint InverseScales;
}
