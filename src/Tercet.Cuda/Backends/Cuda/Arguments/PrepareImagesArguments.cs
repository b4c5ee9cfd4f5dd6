using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Arguments;

/// <summary>What <c>prepare_images</c> takes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PrepareImagesArguments
{
    /// <summary>The rows, prepared.</summary>
    public PackedRows Rows;

    /// <summary>The ordered bits of the largest term.</summary>
    public nint Largest;

    /// <summary>Receives the float16 images.</summary>
    public nint Images;

    /// <summary>The ordered bits of the largest part of a norm that rounding takes.</summary>
    public nint Residual;
}
