using System.Numerics;
using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// One worker's blocks. A block pairs two groups of rows: its keys are computed once, counted against the thresholds of the rows and, transposed,
/// of the columns, and the two counts of a pair, added, are the weight with which each of its rows enters the gradient of the other.
/// </summary>
internal sealed unsafe class TermWorker : IDisposable
{
    /// <summary>Most rows of a group; a multiple of every kernel's panel.</summary>
    public const int LargestGroup = 192;

    // One cache line more than the rows, so that a column does not fall into few sets of the cache.
    private const int Stride = LargestGroup + 16;
    private const int LargestWords = LargestGroup / 4;
    private const int LargestChunks = LargestGroup / 12;
    private const int Strip = 6;

    private readonly CpuSession _session;
    private readonly TermScan _scan;
    private readonly ITermKernel _kernel;
    private readonly PinnedBuffer<float> _keys = new(LargestGroup * Stride);
    private readonly PinnedBuffer<float> _turned = new(LargestGroup * Stride);
    private readonly PinnedBuffer<float> _weights = new(LargestGroup * Stride);
    private readonly PinnedBuffer<float> _row = new(LargestGroup);
    private readonly PinnedBuffer<float> _columnSums = new(LargestGroup);
    private readonly PinnedBuffer<uint> _doubtful = new(LargestWords);
    private readonly PinnedBuffer<bool> _active = new(LargestGroup / Strip * LargestChunks);

    public TermWorker(CpuSession session, TermScan scan)
    {
        (_session, _scan, _kernel) = (session, scan, scan.Kernel);
        Keys = (float*)_keys.DangerousGetAddress();
        Turned = (float*)_turned.DangerousGetAddress();
        Weights = (float*)_weights.DangerousGetAddress();
        Row = (float*)_row.DangerousGetAddress();
        ColumnSums = (float*)_columnSums.DangerousGetAddress();
        Doubtful = (uint*)_doubtful.DangerousGetAddress();
    }

    // SAFETY: here and in all methods below, blocks are LargestGroup rows of Stride floats, a group never has more rows than that, and whole panels of them.
    private float* Keys { get; }

    private float* Turned { get; }

    private float* Weights { get; }

    private float* Row { get; }

    private float* ColumnSums { get; }

    private uint* Doubtful { get; }

    /// <summary>Does one pair of groups, given by their first positions and their numbers of rows, padding included.</summary>
    public void DoBlock(int firstRow, int rows, int firstColumn, int columns)
    {
        ComputeKeys(firstRow, rows, firstColumn, columns);
        MaskClasses(firstRow, rows, firstColumn, columns);
        bool weighs = _scan.WantsGradient;
        bool isDiagonal = firstRow == firstColumn;
        float* keys = Keys;
        if (isDiagonal)
        {
            CountRows(keys, firstRow, rows, firstColumn, columns, weighs ? Weights : null, add: false);
            if (weighs)
            {
                _kernel.Transpose(Weights, Stride, rows, columns, Turned, Stride);
                for (int row = 0; row < rows; row++)
                    _kernel.Add(Weights + (row * Stride), Turned + (row * Stride), columns);
            }
        }
        else
        {
            _kernel.Transpose(keys, Stride, rows, columns, Turned, Stride);
            CountRows(Turned, firstColumn, columns, firstRow, rows, weighs ? Turned : null, add: false);
            if (weighs)
                _kernel.Transpose(Turned, Stride, columns, rows, Weights, Stride);
            CountRows(keys, firstRow, rows, firstColumn, columns, weighs ? Weights : null, add: true);
        }

        if (!weighs)
            return;
        FinishWeights(firstRow, rows, firstColumn, columns, isDiagonal);
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
        _doubtful.Dispose();
        _active.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeKeys(int firstRow, int rows, int firstColumn, int columns)
    {
        TileKernel kernel = _session.Kernel;
        PackedPanels panels = _session.Gallery;
        int width = kernel.Columns;
        for (int row = 0; row < rows; row += kernel.Rows)
        {
            float* rowData = panels.Panel((firstRow + row) / width) + ((firstRow + row) % width);
            for (int column = 0; column < columns; column += width)
            {
                kernel.Compute(
                    rowData,
                    panels.Panel((firstColumn + column) / width),
                    panels.Depth,
                    panels.HalfNorms + firstRow + row,
                    panels.HalfNorms + firstColumn + column,
                    _session.KeyScale,
                    Keys + (row * Stride) + column,
                    Stride);
            }
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

    // Counts the keys of each anchor; the counts are stored in, or added to, the target's rows where there is a target.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CountRows(float* keys, int firstAnchor, int anchors, int firstOther, int others, float* target, bool add)
    {
        ThresholdTables tables = _scan.Tables;
        int live = Math.Min(anchors, _session.Layout.AnchorCount - firstAnchor);
        for (int row = 0; row < anchors; row++, keys += Stride)
        {
            AnchorTerms* terms = tables.Terms + firstAnchor + row;
            bool any = row < live && terms->Count > 0;
            if (any)
            {
                any = _kernel.Count(
                    keys, others, tables.TablesOf(firstAnchor + row), ThresholdTables.ChunksOf(terms->Count), terms->Slack, terms->SmallKey, Row, Doubtful, out bool hasDoubts);
                if (hasDoubts)
                    ForgetDoubtful(others);
                if (any)
                    Take(keys, firstAnchor + row, terms, firstOther, others, hasDoubts);
            }

            if (target is null)
                continue;
            if (!add)
                new Span<float>(any ? Row : _scan.Zeros, others).CopyTo(new Span<float>(target + (row * Stride), others));
            else if (any)
                _kernel.Add(target + (row * Stride), Row, others);
        }
    }

    private void ForgetDoubtful(int others)
    {
        for (int word = 0; word * _kernel.Width < others; word++)
        {
            for (uint bits = Doubtful[word]; bits != 0; bits &= bits - 1)
                Row[(word * _kernel.Width) + BitOperations.TrailingZeroCount(bits)] = 0;
        }
    }

    private void Take(float* keys, int anchor, AnchorTerms* terms, int firstOther, int others, bool hasDoubts)
    {
        int* tallies = _scan.TalliesOf(anchor);
        bool takeRoots = _session.Metric == DistanceMetric.Euclidean;
        terms->Loss += _kernel.Tally(keys, others, Row, terms->Reference, takeRoots, tallies, Tallies.Length(terms->Count) - 1);
        if (!hasDoubts)
            return;
        ReadOnlySpan<double> thresholds = _scan.Tables.Thresholds(anchor);
        for (int word = 0; word * _kernel.Width < others; word++)
        {
            for (uint bits = Doubtful[word]; bits != 0; bits &= bits - 1)
            {
                int other = (word * _kernel.Width) + BitOperations.TrailingZeroCount(bits);
                double distance = MetricKey.ToValue(_session.Metric, _session.ExactKey(anchor, firstOther + other));
                int count = CountAbove(thresholds, distance);
                Row[other] = count;
                if (count == 0)
                    continue;
                tallies[Tallies.First(count)]++;
                terms->Loss += count * (terms->Reference - distance);
            }

            Doubtful[word] = 0;
        }
    }

    private static int CountAbove(ReadOnlySpan<double> thresholds, double distance)
    {
        int start = 0;
        int end = thresholds.Length;
        while (start < end)
        {
            int middle = (start + end) / 2;
            if (thresholds[middle] > distance)
                end = middle;
            else
                start = middle + 1;
        }

        return thresholds.Length - start;
    }

    // Where the metric is a root its derivative divides by the distance. Then every row's sum of weights, and which parts of the block have any.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FinishWeights(int firstRow, int rows, int firstColumn, int columns, bool isDiagonal)
    {
        int chunk = _session.Kernel.Columns;
        Span<bool> active = _active.Span;
        active.Clear();
        new Span<float>(ColumnSums, columns).Clear();
        int live = Math.Min(rows, _session.Layout.AnchorCount - firstRow);
        for (int row = 0; row < live; row++)
        {
            float* weights = Weights + (row * Stride);
            if (_session.Metric == DistanceMetric.Euclidean)
                DivideByDistances(weights, Keys + (row * Stride), firstRow + row, firstColumn, columns);
            double sum = 0;
            for (int column = 0; column < columns; column += chunk)
            {
                double part = _kernel.Sum(weights + column, chunk, ColumnSums + column);
                sum += part;
                active[(row / Strip * LargestChunks) + (column / chunk)] |= part != 0;
            }

            _scan.WeightSums[firstRow + row] += sum;
        }

        if (isDiagonal)
            return;
        for (int column = 0; column < columns; column++)
            _scan.WeightSums[firstColumn + column] += ColumnSums[column];
    }

    private void DivideByDistances(float* weights, float* keys, int anchor, int firstColumn, int columns)
    {
        new Span<float>(weights, columns).CopyTo(new Span<float>(Row, columns));
        float smallKey = ThresholdTables.SmallKeyFactor * _session.KeyTolerance(anchor);
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

            Doubtful[word] = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToRows(int firstRow, int rows, int firstColumn, int columns)
    {
        CentredRows centred = _scan.Rows;
        Span<bool> active = _active.Span;
        int chunk = _session.Kernel.Columns;
        for (int panel = 0; panel < centred.PanelCount; panel++)
        {
            for (int row = 0; row < rows; row += Strip)
            {
                Span<bool> parts = active.Slice(row / Strip * LargestChunks, columns / chunk);
                for (int part = 0; part < parts.Length; part++)
                {
                    if (!parts[part])
                        continue;
                    int first = part;
                    while (part + 1 < parts.Length && parts[part + 1])
                        part++;
                    int column = first * chunk;
                    _kernel.AddWeighted(
                        Weights + (row * Stride) + column, Stride, 1, centred.Panel(panel, firstColumn + column), (part + 1 - first) * chunk, _scan.Sums(firstRow + row, panel), centred.Depth);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddToColumns(int firstRow, int rows, int firstColumn, int columns)
    {
        CentredRows centred = _scan.Rows;
        Span<bool> active = _active.Span;
        int chunk = _session.Kernel.Columns;
        int strips = rows / Strip;
        for (int panel = 0; panel < centred.PanelCount; panel++)
        {
            for (int part = 0; part < columns / chunk; part++)
            {
                for (int strip = 0; strip < strips; strip++)
                {
                    if (!active[(strip * LargestChunks) + part])
                        continue;
                    int row = strip * Strip;
                    while (strip + 1 < strips && active[((strip + 1) * LargestChunks) + part])
                        strip++;
                    int depth = ((strip + 1) * Strip) - row;
                    for (int column = part * chunk; column < (part + 1) * chunk; column += Strip)
                    {
                        _kernel.AddWeighted(
                            Weights + (row * Stride) + column, 1, Stride, centred.Panel(panel, firstRow + row), depth, _scan.Sums(firstColumn + column, panel), centred.Depth);
                    }
                }
            }
        }
    }
}
