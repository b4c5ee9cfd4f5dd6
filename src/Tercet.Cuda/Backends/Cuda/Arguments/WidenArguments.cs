using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>widen</c> takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WidenArguments
{
    /// <summary>The 16-bit components.</summary>
    public nint Bits;

    /// <summary>Receives them as float32.</summary>
    public nint Values;

    /// <summary>Number of components.</summary>
    public long Count;
}
