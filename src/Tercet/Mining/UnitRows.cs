using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>
/// Rows scaled to unit L2 norm, as FaceNet's embeddings are: worked out in float64, each component rounded to float32 at the end; a row of zeros stays as it is. What every
/// option that normalises does.
/// </summary>
public static class UnitRows
{
    /// <summary>Scales one row in place.</summary>
    /// <param name="row">The row, <c>[D]</c>.</param>
    public static void Normalize(Span<float> row) => ExactDistance.ScaleToUnit(row, row);

    /// <summary>Scales every row in place.</summary>
    /// <param name="rows">The rows, <c>[N, D]</c>.</param>
    public static void Normalize(Span2D<float> rows)
    {
        for (int i = 0; i < rows.Height; i++)
            Normalize(rows.GetRowSpan(i));
    }

    /// <summary>Scales every row into a working buffer, which grows as needed.</summary>
    internal static ReadOnlySpan2D<float> Scale(ReadOnlySpan2D<float> rows, ref PinnedBuffer<float> buffer)
    {
        PinnedBuffer.Grow(ref buffer, (long)rows.Height * rows.Width);
        Span2D<float> scaled = buffer.AsMatrix(rows.Height, rows.Width);
        for (int i = 0; i < rows.Height; i++)
            ExactDistance.ScaleToUnit(rows.GetRowSpan(i), scaled.GetRowSpan(i));
        return scaled;
    }
}
