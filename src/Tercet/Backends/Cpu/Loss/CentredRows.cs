using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// The gallery's rows less their mean, in panels of two vectors of dimensions: <c>[panel, position, 2 × width]</c>, zeros behind the last dimension;
/// scaled to unit norm for the cosine distance. A gradient depends on differences of rows, whose digits the mean would take away.
/// </summary>
internal sealed unsafe class CentredRows(CpuSession session) : ITeamJob, IDisposable
{
    private const int RowsPerItem = 128;

    private PinnedBuffer<float> _rows = new(0);
    private PinnedBuffer<float> _mean = new(0);
    private PinnedBuffer<double> _sum = new(0);
    private int _positions;

    /// <summary>Dimensions of a panel.</summary>
    public int Width { get; private set; }

    /// <summary>Number of panels.</summary>
    public int PanelCount => (session.Gallery.Depth + Width - 1) / Width;

    /// <summary>Dimensions, those of padding included.</summary>
    public int Depth => PanelCount * Width;

    /// <summary>What was taken from every row, <c>[Depth]</c>.</summary>
    // SAFETY: here and below, native memory of the stated shapes, replaced only by Pack.
    public float* Mean => (float*)_mean.DangerousGetAddress();

    /// <summary>A row's part in a panel.</summary>
    public float* Panel(int panel, int position) => (float*)_rows.DangerousGetAddress() + ((((nint)panel * _positions) + position) * Width);

    /// <summary>Packs the gallery.</summary>
    /// <param name="positions">Positions to make room for; those without a row are zeros.</param>
    /// <param name="width">Dimensions of a panel, a multiple of 8.</param>
    public void Pack(int positions, int width)
    {
        (_positions, Width) = (positions, width);
        PinnedBuffer.Grow(ref _rows, (long)positions * Depth);
        PinnedBuffer.Grow(ref _mean, Depth);
        PinnedBuffer.Grow(ref _sum, session.Gallery.Depth);
        TakeMean();
        int items = (positions + RowsPerItem - 1) / RowsPerItem;
        session.Team.Run(this, items, session.WorkersFor((double)positions * Depth), session.Cancellation);
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int end = Math.Min(_positions, (item + 1) * RowsPerItem);
        for (int position = item * RowsPerItem; position < end; position++)
            PackRow(position);
    }

    public void Dispose()
    {
        _rows.Dispose();
        _mean.Dispose();
        _sum.Dispose();
    }

    private double Scale(int position)
    {
        double norm = session.Gallery.Norms[position];
        return session.Metric != DistanceMetric.Cosine ? 1 : norm > 0 ? 1 / norm : 0;
    }

    private void TakeMean()
    {
        int count = session.Gallery.Count;
        int depth = session.Gallery.Depth;
        Span<double> sum = _sum.Span[..depth];
        sum.Clear();
        for (int position = 0; position < count; position++)
            ExactDistance.AddScaled(session.GalleryRow(position), Scale(position), sum);
        _mean.Span[..Depth].Clear();
        for (int k = 0; k < depth; k++)
            Mean[k] = (float)(sum[k] / count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackRow(int position)
    {
        if (position >= session.Gallery.Count)
        {
            for (int panel = 0; panel < PanelCount; panel++)
                new Span<float>(Panel(panel, position), Width).Clear();
            return;
        }

        float* row = session.GalleryRow(position);
        double scale = Scale(position);
        int depth = session.Gallery.Depth;
        Vector256<double> scales = Vector256.Create(scale);
        for (int panel = 0; panel < PanelCount; panel++)
        {
            float* target = Panel(panel, position);
            int first = panel * Width;
            int count = Math.Min(Width, depth - first);
            int k = 0;
            for (; k + 8 <= count; k += 8)
            {
                (Vector256<double> x0, Vector256<double> x1) = Vector256.Widen(Vector256.Load(row + first + k));
                (Vector256<double> m0, Vector256<double> m1) = Vector256.Widen(Vector256.Load(Mean + first + k));
                Vector256.Narrow((x0 * scales) - m0, (x1 * scales) - m1).Store(target + k);
            }

            for (; k < count; k++)
                target[k] = (float)((row[first + k] * scale) - Mean[first + k]);
            for (; k < Width; k++)
                target[k] = 0;
        }
    }
}
