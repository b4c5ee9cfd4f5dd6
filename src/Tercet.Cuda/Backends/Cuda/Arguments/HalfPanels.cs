using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>Rows as float16 pairs in the order of tensor-core fragments.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct HalfPanels
{
    /// <summary>The fragments; 0 where the tensor cores are not used.</summary>
    public nint Fragments;

    /// <summary>What undoes each row's scaling.</summary>
    public nint InverseScales;
}
