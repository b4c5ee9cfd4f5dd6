using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Rows in the order and shape that the tile kernels read: panels of <c>width</c> rows, dimension by dimension, the last panel padded with
/// zeros, beside each row's half squared norm. Reused from call to call.
/// </summary>
internal sealed unsafe class PackedPanels : ITeamJob, IDisposable
{
    /// <summary>The half norm of padding: its keys are larger than any real one, so that it is never the nearest.</summary>
    public const float PaddingHalfNorm = 1e38f;

    /// <summary>Above every key of real rows, below those of padding.</summary>
    public const float LargestKey = 5e37f;

    private const int PanelsPerItem = 4;

    private PinnedBuffer<float> _panels = new(0);
    private PinnedBuffer<float> _halfNorms = new(0);
    private PinnedBuffer<double> _norms = new(0);
    private float* _source;
    private nint _stride;
    private int* _order;
    private bool _unitRows;

    /// <summary>Number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Dimension of a row.</summary>
    public int Depth { get; private set; }

    /// <summary>Rows of a panel.</summary>
    public int Width { get; private set; }

    /// <summary>Number of panels.</summary>
    public int PanelCount => (Count + Width - 1) / Width;

    /// <summary>The panels, <c>[PanelCount, Depth, Width]</c>.</summary>
    public float* Panels { get; private set; }

    /// <summary>Half of each row's squared norm, by position, padded to whole panels; ½ where the rows are scaled to unit norm.</summary>
    public float* HalfNorms { get; private set; }

    /// <summary>Each row's norm in float64, by position.</summary>
    public double* Norms { get; private set; }

    /// <summary>The largest half norm.</summary>
    public float LargestHalfNorm { get; private set; }

    /// <summary>The first element of a panel.</summary>
    public float* Panel(int index) => Panels + ((nint)index * Width * Depth);

    /// <summary>Packs <paramref name="count"/> rows.</summary>
    /// <param name="source">The rows in the caller's order, <paramref name="stride"/> floats apart.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="order">Position → the caller's row, <c>[count]</c>.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="depth">Dimension.</param>
    /// <param name="width">Rows of a panel.</param>
    /// <param name="unitRows">Whether to scale every row to unit norm (a row of zeros stays as it is).</param>
    /// <param name="team">Who does it.</param>
    /// <param name="workers">Most threads to use.</param>
    /// <param name="cancellationToken">Stops between panels.</param>
    // SAFETY: source holds every row that order names, order and the packed arrays hold count entries rounded up to whole panels; the caller keeps
    // both alive. Pointers, because workers cannot share spans.
    public void Pack(float* source, nint stride, int* order, int count, int depth, int width, bool unitRows, WorkerTeam team, int workers, CancellationToken cancellationToken)
    {
        (Count, Depth, Width) = (count, depth, width);
        _source = source;
        _order = order;
        (_stride, _unitRows) = (stride, unitRows);
        long padded = (long)PanelCount * width;
        PinnedBuffer.Grow(ref _panels, padded * depth);
        PinnedBuffer.Grow(ref _halfNorms, padded);
        PinnedBuffer.Grow(ref _norms, padded);
        Panels = (float*)_panels.DangerousGetAddress();
        HalfNorms = (float*)_halfNorms.DangerousGetAddress();
        Norms = (double*)_norms.DangerousGetAddress();
        team.Run(this, (PanelCount + PanelsPerItem - 1) / PanelsPerItem, workers, cancellationToken);

        float largest = 0;
        for (int i = 0; i < count; i++)
            largest = Math.Max(largest, HalfNorms[i]);
        LargestHalfNorm = largest;
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int end = Math.Min(PanelCount, (item + 1) * PanelsPerItem);
        for (int panel = item * PanelsPerItem; panel < end; panel++)
            PackPanel(panel);
    }

    public void Dispose()
    {
        _panels.Dispose();
        _halfNorms.Dispose();
        _norms.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackPanel(int index)
    {
        float* panel = Panel(index);
        for (int lane = 0; lane < Width; lane++)
        {
            int position = (index * Width) + lane;
            if (position >= Count)
            {
                for (int k = 0; k < Depth; k++)
                    panel[((nint)k * Width) + lane] = 0;
                HalfNorms[position] = PaddingHalfNorm;
                Norms[position] = 0;
                continue;
            }

            float* row = _source + (_order[position] * _stride);
            double squaredNorm = ExactDistance.Dot(row, row, Depth);
            Norms[position] = Math.Sqrt(squaredNorm);
            HalfNorms[position] = _unitRows ? 0.5f : (float)(0.5 * squaredNorm);
            if (_unitRows && squaredNorm > 0)
            {
                double norm = Norms[position];
                for (int k = 0; k < Depth; k++)
                    panel[((nint)k * Width) + lane] = (float)(row[k] / norm);
            }
            else
            {
                for (int k = 0; k < Depth; k++)
                    panel[((nint)k * Width) + lane] = row[k];
            }
        }
    }
}
