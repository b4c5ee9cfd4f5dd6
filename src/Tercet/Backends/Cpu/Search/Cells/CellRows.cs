using Tercet.Search;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>Rows as cells see them: under cosine scaled to unit norm (one of zeros stays as it is), else as they are.</summary>
/// <param name="count">Number of rows.</param>
/// <param name="depth">Floats a row.</param>
/// <param name="metric">The metric.</param>
/// <param name="read">Gives a row by its number, valid until the next call.</param>
internal sealed class CellRows(int count, int depth, SearchMetric metric, RowReader read)
{
    public int Count => count;

    public int Depth => depth;

    public SearchMetric Metric => metric;

    /// <summary>Copies a row as it is.</summary>
    public void Copy(int row, Span<float> target) => read(row).CopyTo(target);

    /// <summary>Copies a row as cells see it.</summary>
    /// <returns>Its norm, as cells see it.</returns>
    public double CopyScaled(int row, Span<float> target)
    {
        ReadOnlySpan<float> source = read(row);
        double norm = Math.Sqrt(ExactDistance.Dot(source, source));
        if (metric != SearchMetric.Cosine || norm == 0)
        {
            source.CopyTo(target);
            return norm;
        }

        for (int k = 0; k < source.Length; k++)
            target[k] = (float)(source[k] / norm);
        return 1;
    }
}
