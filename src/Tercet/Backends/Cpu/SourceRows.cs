using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance;

namespace Tercet.Backends.Cpu;

/// <summary>The caller's rows while they are pinned.</summary>
// SAFETY: made inside a backend's fixed block, and forgotten before it ends.
internal readonly unsafe struct SourceRows(float* first, nint stride)
{
    /// <summary>The first row.</summary>
    public float* First { get; } = first;

    /// <summary>Floats from one row to the next.</summary>
    public nint Stride { get; } = stride;

    /// <summary>A row by its number.</summary>
    public float* this[int row] => First + (row * Stride);

    /// <summary>All rows of a span.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="first">The first one, pinned.</param>
    public static SourceRows Of(ReadOnlySpan2D<float> rows, float* first)
    {
        if (rows.Height < 2)
            return new SourceRows(first, rows.Width);
        ref float second = ref rows.DangerousGetReferenceAt(1, 0);
        return new SourceRows(first, Unsafe.ByteOffset(ref rows.DangerousGetReference(), ref second) / sizeof(float));
    }
}
