using CommunityToolkit.HighPerformance;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>Rows scaled to unit L2 norm: the norm in float64, each component rounded once; a row of zeros stays as it is.</summary>
internal static class UnitRows
{
    /// <summary>Scales every row into a working buffer, which grows as needed.</summary>
    public static ReadOnlySpan2D<float> Scale(ReadOnlySpan2D<float> rows, ref PinnedBuffer<float> buffer)
    {
        PinnedBuffer.Grow(ref buffer, (long)rows.Height * rows.Width);
        Span2D<float> scaled = buffer.AsMatrix(rows.Height, rows.Width);
        for (int i = 0; i < rows.Height; i++)
        {
            ReadOnlySpan<float> source = rows.GetRowSpan(i);
            Span<float> target = scaled.GetRowSpan(i);
            double squaredNorm = 0;
            foreach (float component in source)
                squaredNorm += (double)component * component;
            if (squaredNorm == 0)
            {
                source.CopyTo(target);
                continue;
            }

            double norm = Math.Sqrt(squaredNorm);
            for (int k = 0; k < source.Length; k++)
                target[k] = (float)(source[k] / norm);
        }

        return scaled;
    }
}
