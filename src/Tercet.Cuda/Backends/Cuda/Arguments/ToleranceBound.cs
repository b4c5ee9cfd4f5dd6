using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary><c>|key − exact key| ≤ slope · (term + largest term) + constant</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ToleranceBound
{
    /// <summary>The ordered bits of the gallery's largest term.</summary>
    public nint Largest;

    /// <summary>The ordered bits of the largest part r of a norm that rounding takes, which adds 2 r + r² to the slope; 0 where rows are not rounded.</summary>
    public nint Residual;

    /// <summary>The slope.</summary>
    public float Slope;

    /// <summary>The constant.</summary>
    public float Constant;
}
