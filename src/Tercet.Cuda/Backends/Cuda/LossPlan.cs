namespace Tercet.Backends.Cuda;

/// <summary>Sizes of what the kernels of the loss over all triplets work on.</summary>
/// <param name="rows">Number of rows.</param>
/// <param name="depth">Dimension of a row.</param>
/// <param name="wantsGradient">Whether the gradient is wanted.</param>
internal readonly struct LossPlan(int rows, int depth, bool wantsGradient)
{
    // A segment's sums are float32: no longer than this, and enough of them to fill a device.
    private const int MostSegmentPanels = 8;

    /// <summary>Rows, padded to whole panels.</summary>
    public long PaddedRows => (long)CudaPlan.Panels(rows) * CudaPlan.PanelRows;

    /// <summary>Dimensions, padded to whole panels.</summary>
    public long Dimensions => (long)CudaPlan.Panels(depth) * CudaPlan.PanelRows;

    /// <summary>Segments of rows, all of one length.</summary>
    public int Segments => (CudaPlan.Panels(rows) + MostSegmentPanels - 1) / MostSegmentPanels;

    /// <summary>Rows of a segment.</summary>
    public int SegmentRows => (CudaPlan.Panels(rows) + Segments - 1) / Segments * CudaPlan.PanelRows;

    /// <summary>Rows of all segments, at least as many as there are.</summary>
    public long AllSegmentRows => (long)Segments * SegmentRows;

    /// <summary>The most panels of columns whose weights and sums fit a budget of bytes; at least one.</summary>
    public int ChunkPanels(long budget)
    {
        long panelBytes = 2 * PaddedRows * sizeof(double);
        if (wantsGradient)
            panelBytes += CudaPlan.PanelRows * sizeof(float) * (AllSegmentRows + (Segments * Dimensions));
        return (int)Math.Clamp(budget / panelBytes, 1, Math.Min(CudaPlan.Panels(rows), CudaPlan.LargestGridRows));
    }
}
