using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>check_rows</c> takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CheckRowsArguments
{
    /// <summary>The rows as they lie.</summary>
    public nint Source;

    /// <summary>Number of rows.</summary>
    public int Count;

    /// <summary>Dimension of a row.</summary>
    public int Depth;

    /// <summary>Receives the complement of the lowest row that no key can be made of.</summary>
    public nint FirstBad;
}
