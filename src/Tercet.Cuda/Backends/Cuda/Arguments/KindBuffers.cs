using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>Working memory of one kind of extreme.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct KindBuffers
{
    /// <summary>Ordered bits of the smallest score so far.</summary>
    public nint Best;

    /// <summary>Candidates met.</summary>
    public nint Counts;

    /// <summary>The candidates.</summary>
    public nint Candidates;

    /// <summary>The answers.</summary>
    public nint Found;
}
