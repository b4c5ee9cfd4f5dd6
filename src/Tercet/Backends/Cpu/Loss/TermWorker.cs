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
    /// <summary>Most rows and columns of a block: it, its counts, and its rows stay in the second-level cache.</summary>
    public const int LargestBlock = 192;

    private const int Stride = LargestBlock + KeyBlock.Padding;
    private const int LargestWords = LargestBlock / 4;
    private const int SmallestStrip = 6;

    private readonly CpuSession _session;
    private readonly TermScan _scan;
    private readonly ITermKernel _kernel;
    private readonly RowCounter _counter;
    private readonly KeyBlock _keys;
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
        _keys = new KeyBlock(session, LargestBlock);
        Keys = _keys.Keys;
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

    /// <summary>Does one block. A diagonal one holds every pair twice.</summary>
    public void DoBlock(BlockPair block)
    {
        (int firstRow, int rows, int firstColumn, int columns) = block;
        bool isDiagonal = block.IsDiagonal;
        _keys.Compute(block, _scan.Tables.Parts);
        if (!isDiagonal)
        {
            _session.Kernel.Fold.Transpose(Keys, Stride, rows, columns, Turned, Stride);
            _counter.Count(Turned, Weights, firstColumn, columns, firstRow, rows, new ExactKeys(Keys, 1, Stride, 1, Stride));
            _session.Kernel.Fold.Transpose(Weights, Stride, columns, rows, Turned, Stride);
        }

        _counter.Count(Keys, Weights, firstRow, rows, firstColumn, columns, isDiagonal ? new ExactKeys(Keys, Stride, 1, 1, Stride) : new ExactKeys(Keys, Stride, 1, Stride, 1));
        if (isDiagonal)
            _session.Kernel.Fold.Transpose(Weights, Stride, rows, columns, Turned, Stride);
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
