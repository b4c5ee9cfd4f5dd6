using System.Numerics;
using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// One worker's pairs of groups, a block at a time. A block pairs two runs of rows: its keys are computed once, counted against the thresholds of the rows and, transposed,
/// of the columns, and the two counts of a pair, added, are the weight with which each of its rows enters the gradient of the other.
/// </summary>
internal sealed unsafe class TermWorker : IDisposable
{
    /// <summary>Most rows and columns of a block; a multiple of every kernel's panel. A block and its rows then stay in the second-level cache.</summary>
    public const int LargestBlock = 192;

    // An odd number of cache lines, so that a column does not fall into few sets of the cache.
    private const int Stride = LargestBlock + 32;
    private const int LargestWords = LargestBlock / 4;
    private const int SmallestStrip = 6;

    private readonly CpuSession _session;
    private readonly TermScan _scan;
    private readonly ITermKernel _kernel;
    private readonly RowCounter _counter;
    private readonly PinnedBuffer<float> _keys = new(LargestBlock * Stride);
    private readonly PinnedBuffer<float> _turned = new(LargestBlock * Stride);
    private readonly PinnedBuffer<float> _weights = new(LargestBlock * Stride);
    private readonly PinnedBuffer<float> _row = new(LargestBlock);
    private readonly PinnedBuffer<float> _columnSums = new(LargestBlock);
    private readonly PinnedBuffer<uint> _doubtful = new(LargestWords);
    private readonly PinnedBuffer<uint> _active = new(LargestBlock / SmallestStrip);

    public TermWorker(CpuSession session, TermScan scan)
    {
        (_session, _scan, _kernel) = (session, scan, scan.Kernel);
        _counter = new RowCounter(session, scan, Stride);
        Keys = (float*)_keys.DangerousGetAddress();
        Turned = (float*)_turned.DangerousGetAddress();
        Weights = (float*)_weights.DangerousGetAddress();
        Row = (float*)_row.DangerousGetAddress();
        ColumnSums = (float*)_columnSums.DangerousGetAddress();
        Doubtful = (uint*)_doubtful.DangerousGetAddress();
    }

    // SAFETY: here and in all methods below, blocks are LargestBlock rows of Stride floats, never more than that are in use, and whole panels of them.
    private float* Keys { get; }

    private float* Turned { get; }

    private float* Weights { get; }

    private float* Row { get; }

    private float* ColumnSums { get; }

    private uint* Doubtful { get; }

    private int Strip => _kernel.Strip;

    /// <summary>Does one pair of groups, given by their first positions and their numbers of rows, padding included.</summary>
    public void DoPair(int firstRow, int rows, int firstColumn, int columns)
    {
        int blocks = (columns + LargestBlock - 1) / LargestBlock;
        for (int row = 0; row < rows; row += LargestBlock)
        {
            int blockRows = Math.Min(LargestBlock, rows - row);

            // To and fro, so that the block after a turn finds both its groups of rows in the cache.
            bool backwards = (row / LargestBlock % 2) != 0;
            for (int i = 0; i < blocks; i++)
            {
                int column = (backwards ? blocks - 1 - i : i) * LargestBlock;
                if (firstRow + row <= firstColumn + column)
                    DoBlock(firstRow + row, blockRows, firstColumn + column, Math.Min(LargestBlock, columns - column));
            }
        }
    }

    // Does one block. A diagonal one holds every pair twice.
    private void DoBlock(int firstRow, int rows, int firstColumn, int columns)
    {
        ComputeKeys(firstRow, rows, firstColumn, columns);
        MaskClasses(firstRow, rows, firstColumn, columns);
        bool isDiagonal = firstRow == firstColumn;
        if (!isDiagonal)
        {
            _kernel.Transpose(Keys, Stride, rows, columns, Turned, Stride);
            _counter.Count(Turned, Weights, firstColumn, columns, firstRow, rows, new ExactKeys(Keys, 1, Stride, 1, Stride));
            _kernel.Transpose(Weights, Stride, columns, rows, Turned, Stride);
        }

        _counter.Count(Keys, Weights, firstRow, rows, firstColumn, columns, isDiagonal ? new ExactKeys(Keys, Stride, 1, 1, Stride) : new ExactKeys(Keys, Stride, 1, Stride, 1));
        if (isDiagonal)
            _kernel.Transpose(Weights, Stride, rows, columns, Turned, Stride);
        FinishWeights(firstRow, rows, firstColumn, columns, isDiagonal);
        if (!_scan.WantsGradient)
            return;
        AddToRows(firstRow, rows, firstColumn, columns);
        if (!isDiagonal)
            AddToColumns(firstRow, rows, firstColumn, columns);
    }

    public void Dispose()
    {
        _keys.Dispose();
        _turned.Dispose();
        _weights.Dispose();
        _row.Dispose();
        _columnSums.Dispose();
        _counter.Dispose();
        _doubtful.Dispose();
        _active.Dispose();
    }

    // A strip of rows at a time, in parts of the dimensions that are added up: see KeyParts.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeKeys(int firstRow, int rows, int firstColumn, int columns)
    {
        TileKernel kernel = _session.Kernel;
        PackedPanels panels = _session.Gallery;
        int width = kernel.Columns;
        KeyParts parts = _scan.Tables.Parts;
        for (int row = 0; row < rows; row += kernel.Rows)
        {
            float* keys = Keys + (row * Stride);
            int firstNeeded = firstRow == firstColumn ? row / width * width : 0;
            float* rowData = panels.Panel((firstRow + row) / width) + ((firstRow + row) % width);
            for (int part = 0; part < parts.Count; part++)
            {
                delegate*<float*, float*, nint, float*, float*, float, float*, nint, void> compute = part == 0 ? kernel.Compute : kernel.Proceed;
                int first = part * parts.Depth;
                for (int column = firstNeeded; column < columns; column += width)
                {
                    compute(
                        rowData + (first * width),
                        panels.Panel((firstColumn + column) / width) + (first * width),
                        Math.Min(parts.Depth, panels.Depth - first),
                        panels.HalfNorms + firstRow + row,
                        panels.HalfNorms + firstColumn + column,
                        _session.KeyScale,
                        keys + column,
                        Stride);
                }
            }
        }

        if (firstRow == firstColumn)
            Mirror(rows);
    }

    // A group's keys with itself, from the panels above the diagonal.
    private void Mirror(int rows)
    {
        int width = _session.Kernel.Columns;
        for (int row = 0; row < rows; row += width)
        {
            for (int column = row + width; column < rows; column += width)
                _kernel.Transpose(Keys + (row * Stride) + column, Stride, width, width, Keys + (column * Stride) + row, Stride);
        }
    }

    // Rows of one label are no negatives of each other: their keys become larger than any threshold.
    private void MaskClasses(int firstRow, int rows, int firstColumn, int columns)
    {
        ReadOnlySpan<int> starts = _session.Layout.ClassStarts;
        ReadOnlySpan<int> ends = _session.Layout.ClassEnds;
        int live = Math.Min(rows, starts.Length - firstRow);
        for (int row = 0; row < live; row++)
        {
            int start = Math.Max(starts[firstRow + row] - firstColumn, 0);
            int end = Math.Min(ends[firstRow + row] - firstColumn, columns);
            if (start < end)
                new Span<float>(Keys + (row * Stride) + start, end - start).Fill(float.MaxValue);
        }
    }

    // A pair's weight is what both of its rows have counted; it is also how often its distance enters the loss. Where the metric is a root its derivative divides by the distance. Then every row's sum of weights, and which parts of the block have any.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FinishWeights(int firstRow, int rows, int firstColumn, int columns, bool isDiagonal)
    {
        int chunk = _session.Kernel.Columns;
        Span<uint> active = _active.Span;
        active.Clear();
        new Span<float>(ColumnSums, columns).Clear();
        int live = Math.Min(rows, _session.Layout.AnchorCount - firstRow);
        double share = isDiagonal ? 0.5 : 1;
        for (int row = 0; row < live; row++)
        {
            float* weights = Weights + (row * Stride);
            AnchorTerms* terms = _scan.Tables.Terms + firstRow + row;
            double loss = _kernel.Combine(
                weights, Turned + (row * Stride), Keys + (row * Stride), columns, terms->Reference, _session.Metric == DistanceMetric.Euclidean, out double count);
            terms->Loss += share * (loss - (count * terms->Reference));
            if (!_scan.WantsGradient)
                continue;
            if (_session.Metric == DistanceMetric.Euclidean)
                DivideByDistances(weights, Keys + (row * Stride), firstRow + row, firstColumn, columns);
            active[row / Strip] |= _kernel.Sum(weights, columns, chunk, ColumnSums, out double sum);
            _scan.WeightSums[firstRow + row] += sum;
        }

        if (isDiagonal || !_scan.WantsGradient)
            return;
        for (int column = 0; column < columns; column++)
            _scan.WeightSums[firstColumn + column] += ColumnSums[column];
    }

    private void DivideByDistances(float* weights, float* keys, int anchor, int firstColumn, int columns)
    {
        new Span<float>(weights, columns).CopyTo(new Span<float>(Row, columns));
        new Span<uint>(Doubtful, columns / _kernel.Width).Clear();
        float smallKey = ThresholdTables.SmallKeyFactor * _scan.Tables.KeyTolerance(anchor);
        if (!_kernel.DivideByRoots(weights, keys, columns, smallKey, Doubtful))
            return;
        for (int word = 0; word * _kernel.Width < columns; word++)
        {
            for (uint bits = Doubtful[word]; bits != 0; bits &= bits - 1)
            {
                int column = (word * _kernel.Width) + BitOperations.TrailingZeroCount(bits);
                double distance = Math.Sqrt(_session.ExactKey(anchor, firstColumn + column));

                // ‖x − y‖ has no derivative at x = y; 0 is one of its subgradients.
                weights[column] = distance > 0 ? (float)(Row[column] / distance) : 0;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToRows(int firstRow, int rows, int firstColumn, int columns)
    {
        CentredRows centred = _scan.Rows;
        Span<uint> active = _active.Span;
        int chunk = _session.Kernel.Columns;
        for (int panel = 0; panel < centred.PanelCount; panel++)
        {
            for (int row = 0; row < rows; row += Strip)
            {
                uint parts = active[row / Strip];
                while (parts != 0)
                {
                    int first = BitOperations.TrailingZeroCount(parts);
                    int run = BitOperations.TrailingZeroCount(~(parts >> first));
                    parts &= ~(((1u << run) - 1) << first);
                    int column = first * chunk;
                    _kernel.AddWeighted(
                        Weights + (row * Stride) + column, Stride, 1, centred.Panel(panel, firstColumn + column), run * chunk, _scan.Sums(firstRow + row, panel), centred.Width);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToColumns(int firstRow, int rows, int firstColumn, int columns)
    {
        CentredRows centred = _scan.Rows;
        Span<uint> active = _active.Span;
        int chunk = _session.Kernel.Columns;
        int strips = rows / Strip;
        for (int panel = 0; panel < centred.PanelCount; panel++)
        {
            for (int part = 0; part < columns / chunk; part++)
            {
                for (int strip = 0; strip < strips; strip++)
                {
                    if ((active[strip] >> part & 1) == 0)
                        continue;
                    int row = strip * Strip;
                    while (strip + 1 < strips && (active[strip + 1] >> part & 1) != 0)
                        strip++;
                    int depth = ((strip + 1) * Strip) - row;
                    for (int column = part * chunk; column < (part + 1) * chunk; column += Strip)
                    {
                        _kernel.AddWeighted(
                            Weights + (row * Stride) + column, 1, Stride, centred.Panel(panel, firstRow + row), depth, _scan.Sums(firstColumn + column, panel), centred.Width);
                    }
                }
            }
        }
    }
}
