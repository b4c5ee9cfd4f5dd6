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
    private const int RowsAtATime = 8;
    private const int LargestAhead = 256;

    private readonly CpuSession _session;
    private readonly TermScan _scan;
    private readonly ITermKernel _kernel;
    private readonly PinnedBuffer<float> _keys = new(LargestBlock * Stride);
    private readonly PinnedBuffer<float> _turned = new(LargestBlock * Stride);
    private readonly PinnedBuffer<float> _weights = new(LargestBlock * Stride);
    private readonly PinnedBuffer<float> _row = new(LargestBlock);
    private readonly PinnedBuffer<int> _places = new(LargestBlock);
    private readonly PinnedBuffer<byte> _bytes = new(Tallies.ByteCount);
    private readonly PinnedBuffer<float> _zeros = new(LargestBlock);
    private readonly PinnedBuffer<float> _offsets = new(32);
    private readonly PinnedBuffer<float> _columnSums = new(LargestBlock);
    private readonly PinnedBuffer<uint> _doubtful = new(RowsAtATime * LargestWords);
    private readonly PinnedBuffer<uint> _active = new(LargestBlock / SmallestStrip);

    public TermWorker(CpuSession session, TermScan scan)
    {
        (_session, _scan, _kernel) = (session, scan, scan.Kernel);
        Keys = (float*)_keys.DangerousGetAddress();
        Turned = (float*)_turned.DangerousGetAddress();
        Weights = (float*)_weights.DangerousGetAddress();
        Row = (float*)_row.DangerousGetAddress();
        ColumnSums = (float*)_columnSums.DangerousGetAddress();
        Doubtful = (uint*)_doubtful.DangerousGetAddress();
        Tallies.FillOffsets(_offsets.Span);
    }

    // SAFETY: here and in all methods below, blocks are LargestBlock rows of Stride floats, never more than that are in use, and whole panels of them.
    private float* Keys { get; }

    private float* Turned { get; }

    private float* Weights { get; }

    private float* Row { get; }

    private float* ColumnSums { get; }

    private uint* Doubtful { get; }

    private int Strip => _kernel.Strip;

    private int* Places => (int*)_places.DangerousGetAddress();

    private float* Zeros => (float*)_zeros.DangerousGetAddress();

    private float* Offsets => (float*)_offsets.DangerousGetAddress();

    private byte* Bytes => (byte*)_bytes.DangerousGetAddress();

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
            CountRows(Turned, firstColumn, columns, firstRow, rows, new ExactKeys(Keys, 1, Stride, 1, Stride));
            _kernel.Transpose(Weights, Stride, columns, rows, Turned, Stride);
        }

        CountRows(Keys, firstRow, rows, firstColumn, columns, isDiagonal ? new ExactKeys(Keys, Stride, 1, 1, Stride) : new ExactKeys(Keys, Stride, 1, Stride, 1));
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
        _places.Dispose();
        _bytes.Dispose();
        _zeros.Dispose();
        _offsets.Dispose();
        _columnSums.Dispose();
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
                // The norms enter with the first part.
                int first = part * parts.Depth;
                float* target = part == 0 ? keys : Turned;
                for (int column = firstNeeded; column < columns; column += width)
                {
                    kernel.Compute(
                        rowData + (first * width),
                        panels.Panel((firstColumn + column) / width) + (first * width),
                        Math.Min(parts.Depth, panels.Depth - first),
                        part == 0 ? panels.HalfNorms + firstRow + row : Zeros,
                        part == 0 ? panels.HalfNorms + firstColumn + column : Zeros,
                        _session.KeyScale,
                        target + column,
                        Stride);
                }

                for (int i = 0; part > 0 && i < kernel.Rows; i++)
                    _kernel.Add(keys + (i * Stride) + firstNeeded, Turned + (i * Stride) + firstNeeded, columns - firstNeeded);
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

    // Counts the keys of each anchor into the block of weights. A few rows are counted before any of them is looked at: what a doubtful key makes the
    // processor guess wrong would otherwise hold up the next row's counting.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CountRows(float* keys, int firstAnchor, int anchors, int firstOther, int others, ExactKeys exact)
    {
        int words = others / _kernel.Width;
        int live = Math.Min(anchors, _session.Layout.AnchorCount - firstAnchor);
        for (int first = 0; first < anchors; first += RowsAtATime)
        {
            uint doubts = 0;
            int end = Math.Min(anchors, first + RowsAtATime);
            for (int row = first; row < end; row++)
            {
                if (row + RowsAtATime < live)
                    Prefetch(firstAnchor + row + RowsAtATime);
                if (row >= live || !CountRow(keys + (row * Stride), Weights + (row * Stride), firstAnchor + row, others, Doubtful + ((row - first) * words)))
                    continue;
                doubts |= 1u << (row - first);
                AskForExact(firstAnchor + row, firstOther, new Span<uint>(Doubtful + ((row - first) * words), words));
            }

            for (; doubts != 0; doubts &= doubts - 1)
            {
                int row = first + BitOperations.TrailingZeroCount(doubts);
                Decide(keys + (row * Stride), Weights + (row * Stride), firstAnchor + row, firstOther, new Span<uint>(Doubtful + ((row - first) * words), words), row, exact);
            }
        }

        for (int row = Math.Max(0, live); row < anchors; row++)
            new Span<float>(Weights + (row * Stride), others).Clear();
    }

    // Counts and tallies one anchor's row, and tells whether any of it is doubtful.
    private bool CountRow(float* keys, float* counts, int anchor, int others, uint* doubtful)
    {
        ThresholdTables tables = _scan.Tables;
        AnchorTerms* terms = tables.Terms + anchor;
        if (terms->Words.Count > 0)
            return _kernel.CountWords(keys, others, terms->Words, terms->SmallKey, counts, doubtful, _scan.TalliesOf(anchor));
        if (terms->Count == 0 || !_kernel.Count(keys, others, tables.TablesOf(anchor), ThresholdTables.ChunksOf(terms->Count), terms->Slack, terms->SmallKey, counts, doubtful))
        {
            new Span<float>(counts, others).Clear();
            return false;
        }

        _kernel.Tally(others, counts, Places, new Tallies(_scan.TalliesOf(anchor), terms->Count, Bytes, Offsets));
        return new ReadOnlySpan<uint>(doubtful, others / _kernel.Width).ContainsAnyExcept(0u);
    }

    // An anchor's few cache lines lie anywhere in memory, and counting a row is too short to wait for them.
    private void Prefetch(int anchor)
    {
        AnchorTerms* terms = _scan.Tables.Terms + anchor;
        _kernel.Prefetch((float*)(terms + RowsAtATime), 1);
        if (_kernel.CountsWords)
            _kernel.Prefetch((float*)terms->Words.Table, WordThresholds.TableLength / 2);
        else
            _kernel.Prefetch(_scan.Tables.TablesOf(anchor), ThresholdTables.TableLength);
        _kernel.Prefetch((float*)_scan.TalliesOf(anchor), terms->Count + 1);
    }

    // Rows in the caller's order lie anywhere in memory.
    private void AskForExact(int anchor, int firstOther, ReadOnlySpan<uint> doubtful)
    {
        int floats = Math.Min(_session.Gallery.Depth, LargestAhead);
        _kernel.Prefetch(_session.GalleryRow(anchor), floats);
        if (_kernel.CountsWords)
            _kernel.Prefetch(_scan.Tables.TablesOf(anchor), _scan.Tables.Terms[anchor].Count);
        for (int word = 0; word < doubtful.Length; word++)
        {
            for (uint bits = doubtful[word]; bits != 0; bits &= bits - 1)
                _kernel.Prefetch(_session.GalleryRow(firstOther + (word * _kernel.Width) + BitOperations.TrailingZeroCount(bits)), floats);
        }
    }

    // Decides the doubtful keys of one anchor's row: by the key where the slack allows it, and otherwise by the exact one, which takes the key's place.
    private void Decide(float* keys, float* counts, int anchor, int firstOther, ReadOnlySpan<uint> doubtful, int row, ExactKeys exact)
    {
        AnchorTerms* terms = _scan.Tables.Terms + anchor;
        ReadOnlySpan<double> thresholds = _scan.Tables.Thresholds(anchor);
        float* table = _scan.Tables.TablesOf(anchor);
        int* tallies = _scan.TalliesOf(anchor);
        for (int word = 0; word < doubtful.Length; word++)
        {
            for (uint bits = doubtful[word]; bits != 0; bits &= bits - 1)
            {
                int other = (word * _kernel.Width) + BitOperations.TrailingZeroCount(bits);
                int count = (int)counts[other];
                tallies[count]--;
                if (terms->Words.Count == 0 || !TryDecide(table, *terms, keys[other], ref count))
                {
                    double key = _session.ExactKey(anchor, firstOther + other);
                    count = CountAbove(thresholds, MetricKey.ToValue(_session.Metric, key), count);
                    exact.Set(row, other, (float)key);
                }

                counts[other] = count;
                tallies[count]++;
            }
        }
    }

    // From the largest count that there can be downwards.
    private static bool TryDecide(float* thresholds, in AnchorTerms terms, float key, ref int count)
    {
        float low = key - terms.Slack;
        while (count > 0 && thresholds[terms.Count - count] <= low)
            count--;
        return key > terms.SmallKey && (count == 0 || thresholds[terms.Count - count] > key + terms.Slack);
    }

    // Hardly ever more than a step or two below the largest count that there can be.
    private static int CountAbove(ReadOnlySpan<double> thresholds, double distance, int largest)
    {
        const int Steps = 4;
        for (int count = largest; count > largest - Steps; count--)
        {
            if (count == 0 || thresholds[^count] > distance)
                return count;
        }

        return CountAbove(thresholds, distance);
    }

    // Without a branch to mispredict: every step adds half of what is left, or nothing.
    private static int CountAbove(ReadOnlySpan<double> thresholds, double distance)
    {
        int start = 0;
        for (int length = thresholds.Length; length > 1;)
        {
            int half = length / 2;
            start += Convert.ToInt32(thresholds[start + half - 1] <= distance) * half;
            length -= half;
        }

        return thresholds.Length - start - Convert.ToInt32(thresholds[start] <= distance);
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
                        Weights + (row * Stride) + column, Stride, 1, centred.Panel(panel, firstColumn + column), run * chunk, _scan.Sums(firstRow + row, panel), centred.Depth);
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
                            Weights + (row * Stride) + column, 1, Stride, centred.Panel(panel, firstRow + row), depth, _scan.Sums(firstColumn + column, panel), centred.Depth);
                    }
                }
            }
        }
    }
}
