using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>prepare</c> takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PrepareArguments
{
    /// <summary>The rows.</summary>
    public PackedRows Rows;

    /// <summary>Receives their panels.</summary>
    public nint Panels;

    /// <summary>Receives their terms.</summary>
    public nint Terms;

    /// <summary>Receives their norms.</summary>
    public nint Norms;

    /// <summary>The ordered bits of the largest term.</summary>
    public nint Largest;

    /// <summary>The complement of the lowest of the caller's rows that no key can be made of.</summary>
    public nint FirstBad;
}
