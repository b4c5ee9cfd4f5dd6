using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Rows in the order and shape that the tile kernels read: panels of <c>width</c> rows, in slabs of some rows dimension by dimension, the last panel padded with
/// zeros, beside each row's half squared norm. Either all panels at once, or a window of consecutive panels at a time. Reused from call to call.
/// </summary>
internal sealed unsafe class PackedPanels : ITeamJob, IDisposable
{
    /// <summary>The half norm of padding: its keys are larger than any real one, so that it is never the nearest.</summary>
    public const float PaddingHalfNorm = 1e38f;

    /// <summary>Above every key of real rows, below those of padding.</summary>
    public const float LargestKey = 5e37f;

    /// <summary>Floats that can be read behind rows of keys: as many as are tested at a time.</summary>
    public const int RowPadding = 32;

    private const int PanelsPerItem = 4;

    private PinnedBuffer<float> _panels = new(0);
    private PinnedBuffer<float> _halfNorms = new(0);
    private PinnedBuffer<double> _norms = new(0);
    private float* _source;
    private nint _stride;
    private double* _squaredNorms;
    private int* _order;
    private bool _unitRows;
    private bool _normsOnly;
    private int _windowPanels;

    /// <summary>Number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>Dimension of a row.</summary>
    public int Depth { get; private set; }

    /// <summary>Rows of a panel.</summary>
    public int Width { get; private set; }

    /// <summary>Rows of a slab; divides <see cref="Width"/>.</summary>
    public int SlabRows { get; private set; }

    /// <summary>Floats from one slab of a panel to the next.</summary>
    public nint Slab => (nint)SlabRows * Depth;

    /// <summary>Number of panels.</summary>
    public int PanelCount => (Count + Width - 1) / Width;

    /// <summary>Number of windows; 1 means that all panels are packed and stay.</summary>
    public int WindowCount => Math.Max(1, (PanelCount + _windowPanels - 1) / _windowPanels);

    /// <summary>The first panel of the window.</summary>
    public int FirstPanel { get; private set; }

    /// <summary>The panel after the window's last.</summary>
    public int EndPanel { get; private set; }

    /// <summary>The window's panels, <c>[EndPanel − FirstPanel, Width ÷ SlabRows, Depth, SlabRows]</c>.</summary>
    public float* Panels { get; private set; }

    /// <summary>Bytes that the panels' memory takes.</summary>
    public long PanelBytes => (long)_panels.ByteCount;

    /// <summary>Half of each row's squared norm, by position, padded to whole panels; ½ where the rows are scaled to unit norm.</summary>
    public float* HalfNorms { get; private set; }

    /// <summary>Each row's norm in float64, by position.</summary>
    public double* Norms { get; private set; }

    /// <summary>The largest half norm.</summary>
    public float LargestHalfNorm { get; private set; }

    /// <summary>The first element of a panel, which lies in the window.</summary>
    public float* Panel(int index) => Panels + ((nint)(index - FirstPanel) * Width * Depth);

    /// <summary>A dimension of a row; its next one is <see cref="SlabRows"/> floats further, the slab's next row beside it.</summary>
    public float* At(int position, int dimension)
    {
        int lane = position % Width;
        return Panel(position / Width) + (lane / SlabRows * Slab) + ((nint)dimension * SlabRows) + (lane % SlabRows);
    }

    /// <summary>Takes <paramref name="count"/> rows: packs them all where they fit into one window, and otherwise their norms alone.</summary>
    /// <param name="source">The rows in the caller's order, <paramref name="stride"/> floats apart.</param>
    /// <param name="stride">Floats from one row to the next.</param>
    /// <param name="squaredNorms">Their squared norms in the same order; null where they are to be taken.</param>
    /// <param name="order">Position → the caller's row, <c>[count]</c>.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="depth">Dimension.</param>
    /// <param name="width">Rows of a panel.</param>
    /// <param name="slabRows">Rows of a slab.</param>
    /// <param name="windowPanels">Most panels to hold at a time, 1 or more.</param>
    /// <param name="unitRows">Whether to scale every row to unit norm (a row of zeros stays as it is).</param>
    /// <param name="team">Who does it.</param>
    /// <param name="workers">Most threads to use.</param>
    /// <param name="cancellationToken">Stops between panels.</param>
    // SAFETY: source holds every row that order names, squaredNorms as many values, order and the packed arrays hold count entries rounded up to whole panels; the caller keeps
    // both alive. Pointers, because workers cannot share spans.
    public void Pack(float* source, nint stride, double* squaredNorms, int* order, int count, int depth, int width, int slabRows, int windowPanels, bool unitRows, WorkerTeam team, int workers, CancellationToken cancellationToken)
    {
        (Count, Depth, Width, SlabRows) = (count, depth, width, slabRows);
        _source = source;
        _squaredNorms = squaredNorms;
        _order = order;
        (_stride, _unitRows) = (stride, unitRows);
        _windowPanels = Math.Clamp(windowPanels, 1, Math.Max(1, PanelCount));
        long padded = (long)PanelCount * width;
        PinnedBuffer.Grow(ref _panels, (long)_windowPanels * width * depth);
        PinnedBuffer.Grow(ref _halfNorms, padded);
        PinnedBuffer.Grow(ref _norms, padded);
        Panels = (float*)_panels.DangerousGetAddress();
        HalfNorms = (float*)_halfNorms.DangerousGetAddress();
        Norms = (double*)_norms.DangerousGetAddress();
        (FirstPanel, EndPanel) = (0, PanelCount);
        _normsOnly = WindowCount > 1;
        RunTeam(team, workers, cancellationToken);
        if (_normsOnly)
            MoveTo(0);
        _normsOnly = false;

        float largest = 0;
        for (int i = 0; i < count; i++)
            largest = Math.Max(largest, HalfNorms[i]);
        LargestHalfNorm = largest;
    }

    /// <summary>Makes a window the current one; its panels are not packed yet.</summary>
    public void MoveTo(int window)
    {
        FirstPanel = window * _windowPanels;
        EndPanel = Math.Min(PanelCount, FirstPanel + _windowPanels);
    }

    /// <summary>Makes a window the current one and packs it; where there is only one, it is packed already.</summary>
    public void PackWindow(int window, WorkerTeam team, int workers, CancellationToken cancellationToken)
    {
        if (WindowCount == 1)
            return;
        MoveTo(window);
        RunTeam(team, workers, cancellationToken);
    }

    /// <summary>Packs some of the window's panels.</summary>
    public void PackPanels(int first, int end)
    {
        for (int panel = first; panel < end; panel++)
        {
            // Rows of one label may stand anywhere in the gallery: the way to them is hidden behind the panel before.
            int ahead = Math.Min(Count, (panel + 2) * Width);
            for (int position = (panel + 1) * Width; position < ahead; position++)
                Ahead.Rows(Row(position), _stride, Depth, 1);
            PackPanel(panel);
        }
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int first = FirstPanel + (item * PanelsPerItem);
        int end = Math.Min(EndPanel, first + PanelsPerItem);
        if (_normsOnly)
            TakeNorms(first * Width, Math.Min(Count, end * Width), end * Width);
        else
            PackPanels(first, end);
    }

    public void Dispose()
    {
        _panels.Dispose();
        _halfNorms.Dispose();
        _norms.Dispose();
    }

    private void RunTeam(WorkerTeam team, int workers, CancellationToken cancellationToken) =>
        team.Run(this, (EndPanel - FirstPanel + PanelsPerItem - 1) / PanelsPerItem, workers, cancellationToken);

    // What bounds the keys' error, and what float64 keys are made of, is needed before any window is packed.
    private void TakeNorms(int start, int end, int paddedEnd)
    {
        for (int position = start; position < end; position++)
            TakeNorm(position);

        for (int position = end; position < paddedEnd; position++)
            (Norms[position], HalfNorms[position]) = (0, PaddingHalfNorm);
    }

    // The rows of a slab are a multiple of four.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackPanel(int index)
    {
        int step = SlabRows;
        for (int position = index * Width; position < (index + 1) * Width; position++)
        {
            float* lane = At(position, 0);
            if (position >= Count)
            {
                for (int k = 0; k < Depth; k++)
                    lane[(nint)k * step] = 0;
                HalfNorms[position] = PaddingHalfNorm;
                Norms[position] = 0;
                continue;
            }

            float* row = Row(position);
            double norm = TakeNorm(position);
            if (_unitRows && norm > 0)
            {
                for (int k = 0; k < Depth; k++)
                    lane[(nint)k * step] = (float)(row[k] / norm);
            }
            else if (_unitRows || (position | 3) >= Count)
            {
                for (int k = 0; k < Depth; k++)
                    lane[(nint)k * step] = row[k];
            }
            else if ((position & 3) == 3)
            {
                PanelTranspose.FourRows(Row(position - 3), Row(position - 2), Row(position - 1), row, Depth, lane - 3, step);
            }
        }
    }

    private double TakeNorm(int position)
    {
        float* row = Row(position);
        double squaredNorm = _squaredNorms != null ? _squaredNorms[_order[position]] : ExactDistance.Dot(row, row, Depth);
        HalfNorms[position] = _unitRows ? 0.5f : (float)(0.5 * squaredNorm);
        return Norms[position] = Math.Sqrt(squaredNorm);
    }

    private float* Row(int position) => _source + (_order[position] * _stride);
}
