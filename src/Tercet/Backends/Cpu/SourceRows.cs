namespace Tercet.Backends.Cpu;

/// <summary>The caller's rows while they are pinned.</summary>
// SAFETY: made inside CpuBackend.Execute's fixed block, and forgotten before it ends.
internal readonly unsafe struct SourceRows(float* first, nint stride)
{
    /// <summary>The first row.</summary>
    public float* First { get; } = first;

    /// <summary>Floats from one row to the next.</summary>
    public nint Stride { get; } = stride;

    /// <summary>A row by its number.</summary>
    public float* this[int row] => First + (row * Stride);
}
