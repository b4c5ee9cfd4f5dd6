using System.Runtime.Intrinsics;

namespace Tercet.Backends.Cpu;

/// <summary>How a row's values are read for the sums of <see cref="ExactDistance"/>.</summary>
// SAFETY: the row holds the values asked for.
internal unsafe interface IExactRow
{
    /// <summary>Eight values from one on.</summary>
    static abstract Vector512<double> Load(void* row, nint index);

    /// <summary>One value.</summary>
    static abstract double At(void* row, nint index);
}
