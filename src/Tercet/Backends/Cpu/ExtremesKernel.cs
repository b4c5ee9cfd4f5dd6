using System.Numerics;
using System.Numerics.Tensors;
using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The fused search for each anchor's extremes. A worker computes one block of keys at a time (a panel of anchors by a few panels of columns),
/// folds it to its rows' and its columns' best scores while it is in the cache, and looks at single elements only where a best score beats
/// what an anchor has. In the square form only the upper triangle of blocks is computed: its columns' best serve the other half.
/// </summary>
/// <remarks>
/// Positives stand in one interval of columns; the few blocks that hold any have them moved to a second block, with the sign that makes the
/// smaller score the better, and the hole filled with a key larger than any. So one fold serves negatives and positives, and no label is tested.
/// </remarks>
internal sealed unsafe class ExtremesKernel(CpuSession session) : ITeamJob, IDisposable
{
    // Half of a second-level cache: processors with 512-bit vectors have at least a megabyte.
    private const int BlockColumnBytes = 256 << 10;
    private const int WideBlockColumnBytes = 512 << 10;
    private const int LargestBlockColumns = 480;
    private const int LargestGroupRows = 192;
    private const int ItemsPerWorker = 8;

    private Worker[] _workers = [];
    private PinnedBuffer<float> _tolerances = new(0);
    private PinnedBuffer<float> _limits = new(0);
    private float* _tolerance;
    private ExtremeKinds _positiveKind;
    private int _blockPanels;
    private int _rowPanels;
    private int _groupPanels;

    /// <summary>Runs over all blocks. Results are read with <see cref="Candidates"/>.</summary>
    /// <param name="wanted">At most one kind of positive, and the nearest negative or not.</param>
    public void Run(ExtremeKinds wanted)
    {
        TileKernel kernel = session.Kernel;
        PackedPanels gallery = session.Gallery;
        PackedPanels anchors = session.Anchors;
        _positiveKind = wanted & (ExtremeKinds.FarthestPositive | ExtremeKinds.NearestPositive);
        int blockBytes = kernel.Lanes == CpuLanes.Bits512 ? WideBlockColumnBytes : BlockColumnBytes;
        _blockPanels = Math.Clamp(blockBytes / (kernel.Columns * gallery.Depth * sizeof(float)), 1, LargestBlockColumns / kernel.Columns);

        int padded = Math.Max(anchors.PanelCount, session.Layout.IsSymmetric ? gallery.PanelCount : 0) * kernel.Columns;
        PinnedBuffer.Grow(ref _tolerances, padded);
        _tolerance = (float*)_tolerances.DangerousGetAddress();
        session.KeyTolerances(_tolerance, anchors.Count, 2.001f);
        new Span<float>(_tolerance + anchors.Count, padded - anchors.Count).Clear();

        // Several panels of anchors pass over a block of columns while it is in the cache, but not so many that workers would run dry.
        _rowPanels = (session.Layout.AnchorCount + kernel.Columns - 1) / kernel.Columns;
        int workers = session.WorkersFor((double)session.Layout.AnchorCount * gallery.Count * gallery.Depth);
        _groupPanels = Math.Clamp(_rowPanels / (ItemsPerWorker * workers), 1, LargestGroupRows / kernel.Columns);
        PrepareWorkers(Math.Min(workers, Math.Max(1, ItemCount)), padded);

        // The tables keep their candidates from window to window.
        for (int window = 0; window < gallery.WindowCount; window++)
        {
            gallery.PackWindow(window, session.Team, session.Workers, session.Cancellation);
            session.Team.Run(this, ItemCount, WorkerCount, session.Cancellation);
        }
    }

    // Groups of rows of blocks.
    private int ItemCount => (_rowPanels + _groupPanels - 1) / _groupPanels;

    /// <summary>Number of workers that took part.</summary>
    private int WorkerCount { get; set; }

    /// <summary>The rows that may be an anchor's best, from all workers.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="positives">Whether to read the positives.</param>
    /// <param name="positions">Receives gallery positions; room for <see cref="CandidateTable.Capacity"/> a worker.</param>
    /// <returns>How many; −1 where there were too many near ties to keep.</returns>
    public int Candidates(int anchor, bool positives, Span<int> positions)
    {
        float limit = _workers[0].Table(positives).Limits[anchor];
        int count = 0;
        for (int i = 0; i < WorkerCount; i++)
        {
            int found = _workers[i].Table(positives).Read(anchor, limit, positions[count..]);
            if (found < 0)
                return -1;
            count += found;
        }

        return count;
    }

    /// <summary>Room that <see cref="Candidates"/> needs.</summary>
    public int LargestCandidateCount => WorkerCount * CandidateTable.Capacity;

    void ITeamJob.Execute(int worker, int item)
    {
        PackedPanels gallery = session.Gallery;

        // An anchor whose own long row comes first has a limit that few columns of blocks beat later. So in the square form the rows come from three
        // quarters down to the top, and the short ones last, at which workers end together.
        int turn = session.Layout.IsSymmetric ? ItemCount * 3 / 4 : -1;
        int firstRow = (item <= turn ? turn - item : item) * _groupPanels;
        int endRow = Math.Min(_rowPanels, firstRow + _groupPanels);
        Span<(int Start, int End)> positives = stackalloc (int, int)[_groupPanels];
        for (int row = firstRow; row < endRow; row++)
            positives[row - firstRow] = PositivesOf(row);
        for (int panel = session.Layout.IsSymmetric ? firstRow : gallery.FirstPanel; panel < gallery.EndPanel; panel += _blockPanels)
        {
            int end = Math.Min(gallery.EndPanel, panel + _blockPanels);
            for (int row = firstRow; row < endRow; row++)
            {
                // Below the diagonal the block has been, or will be, seen from the other side.
                int first = session.Layout.IsSymmetric ? Math.Max(panel, row) : panel;
                if (first < end)
                    DoBlock(_workers[worker], row, first, end, positives[row - firstRow]);
            }
        }
    }

    public void Dispose()
    {
        foreach (Worker worker in _workers)
            worker.Dispose();
        _tolerances.Dispose();
        _limits.Dispose();
    }

    // SAFETY: here and in all methods below, a worker's blocks hold Kernel.Columns rows of LargestBlockColumns (or one panel's) columns, and its tables one element for
    // every padded position; panels are whole in both directions.
    private void DoBlock(Worker worker, int rowPanel, int firstPanel, int endPanel, (int Start, int End) positives)
    {
        int width = session.Kernel.Columns;
        int firstColumn = firstPanel * width;
        int columns = Math.Min((endPanel - firstPanel) * width, UpToWholeVectors(session.Gallery.Count - firstColumn));
        ComputeKeys(worker, rowPanel, firstPanel, endPanel, columns);

        // In the diagonal panel the columns are the rows themselves: their best are found as rows.
        int columnsAsAnchors = session.Layout.IsSymmetric ? (firstPanel == rowPanel ? width : 0) : columns;
        if (positives.Start < firstColumn + columns && positives.End > firstColumn
            && MovePositives(worker, rowPanel * width, firstColumn, columns, out int from, out int to) && _positiveKind != 0)
        {
            Fold(worker, positives: true, rowPanel * width, firstColumn, from, to, Math.Max(columnsAsAnchors, from));
        }

        Fold(worker, positives: false, rowPanel * width, firstColumn, 0, columns, columnsAsAnchors);
    }

    private void ComputeKeys(Worker worker, int rowPanel, int firstPanel, int endPanel, int wantedColumns)
    {
        TileKernel kernel = session.Kernel;
        int liveRows = Math.Min(kernel.Columns, session.Layout.AnchorCount - (rowPanel * kernel.Columns));
        worker.Rows = (liveRows + kernel.Rows - 1) / kernel.Rows * kernel.Rows;
        if (!kernel.LeavesOut)
        {
            ComputePanels(worker, rowPanel, firstPanel, 0, endPanel - firstPanel);
            return;
        }

        // In whole vectors: of the diagonal, where what is below it is what is above, and of the gallery's end.
        int first = 0, last = wantedColumns / kernel.Columns;
        bool isDiagonal = session.Layout.IsSymmetric && firstPanel == rowPanel;
        if (isDiagonal)
        {
            ComputeSome(worker, rowPanel, firstPanel, 0, Math.Min(kernel.Columns, wantedColumns), isDiagonal);
            first = 1;
        }

        ComputePanels(worker, rowPanel, firstPanel, first, last);
        if (first <= last && last * kernel.Columns < wantedColumns)
            ComputeSome(worker, rowPanel, firstPanel, last, wantedColumns - (last * kernel.Columns), isDiagonal: false);
        if (isDiagonal)
            kernel.Fold.Mirror(worker.Keys, worker.Stride, UpToWholeVectors(liveRows), kernel.Fold.Width);
    }

    private void ComputePanels(Worker worker, int rowPanel, int firstPanel, int start, int end)
    {
        TileKernel kernel = session.Kernel;
        kernel.ComputePanels(
            session.Anchors,
            rowPanel * kernel.Columns,
            worker.Rows,
            session.Gallery,
            firstPanel + start,
            firstPanel + end,
            0,
            session.Gallery.Depth,
            session.KeyScale,
            worker.Keys + (start * kernel.Columns),
            worker.Stride);
    }

    private void ComputeSome(Worker worker, int rowPanel, int firstPanel, int index, int wantedColumns, bool isDiagonal)
    {
        TileKernel kernel = session.Kernel;
        PackedPanels columns = session.Gallery;
        int panel = firstPanel + index;
        float* data = columns.Panel(panel);
        for (int strip = 0; strip < worker.Rows; strip += kernel.Rows)
        {
            int row = (rowPanel * kernel.Columns) + strip;
            kernel.ComputeSome(
                isDiagonal ? strip / kernel.Fold.Width * kernel.Fold.Width : 0,
                wantedColumns,
                session.Anchors.At(row, 0),
                data,
                columns.Slab,
                columns.Depth,
                data,
                session.Anchors.HalfNorms + row,
                columns.HalfNorms + ((nint)panel * kernel.Columns),
                session.KeyScale,
                worker.Keys + (strip * (nint)worker.Stride) + (index * kernel.Columns),
                worker.Stride);
        }
    }

    private int UpToWholeVectors(int count) => (count + session.Kernel.Fold.Width - 1) / session.Kernel.Fold.Width * session.Kernel.Fold.Width;

    // The columns among which the positives of a panel's anchors stand: most blocks are outside.
    private (int Start, int End) PositivesOf(int rowPanel)
    {
        int firstRow = rowPanel * session.Kernel.Columns;
        int rows = Math.Min(session.Kernel.Columns, session.Layout.AnchorCount - firstRow);
        return (TensorPrimitives.Min(session.Layout.ClassStarts.Slice(firstRow, rows)), TensorPrimitives.Max(session.Layout.ClassEnds.Slice(firstRow, rows)));
    }

    // Moves the positives' keys, as scores, into the worker's second block, columns [from, to), and fills their place with a key above all others.
    private bool MovePositives(Worker worker, int firstRow, int firstColumn, int columns, out int from, out int to)
    {
        ReadOnlySpan<int> starts = session.Layout.ClassStarts;
        ReadOnlySpan<int> ends = session.Layout.ClassEnds;
        int rows = Math.Min(worker.Rows, session.Layout.AnchorCount - firstRow);
        from = columns;
        to = 0;
        for (int row = 0; row < rows; row++)
        {
            int start = Math.Max(starts[firstRow + row] - firstColumn, 0);
            int end = Math.Min(ends[firstRow + row] - firstColumn, columns);
            if (start >= end)
                continue;
            from = Math.Min(from, start);
            to = Math.Max(to, end);
        }

        if (from >= to)
            return false;
        from = from / session.Kernel.Fold.Width * session.Kernel.Fold.Width;
        to = UpToWholeVectors(to);
        fixed (int* start = starts[firstRow..], end = ends[firstRow..])
            session.Kernel.Fold.Part(worker.Keys, worker.Positives, worker.Stride, rows, from, to, start, end, firstColumn, _positiveKind == ExtremeKinds.FarthestPositive ? -1 : 1);

        for (int row = rows; row < worker.Rows; row++)
            new Span<float>(worker.Positives + (row * (nint)worker.Stride) + from, to - from).Fill(float.MaxValue);
        ReadOnlySpan<int> selves = session.Layout.SelfPositions;
        for (int row = 0; row < rows; row++)
        {
            int self = selves[firstRow + row] - firstColumn;
            if (self >= from && self < to)
                worker.Positives[(row * (nint)worker.Stride) + self] = float.MaxValue;
        }

        return true;
    }

    private void Fold(Worker worker, bool positives, int firstRow, int firstColumn, int from, int to, int columnsAsAnchors)
    {
        IBlockFold fold = session.Kernel.Fold;
        CandidateTable table = worker.Table(positives);
        float* scores = positives ? worker.Positives : worker.Keys;
        fold.Fold(scores + from, worker.Stride, worker.Rows, to - from, worker.RowBest, worker.ColumnBest + from);
        for (int row = 0; (row = fold.NextHits(worker.RowBest, table.Limits + firstRow, row, session.Kernel.Columns, out uint hits)) < session.Kernel.Columns; row += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
            {
                int hit = row + BitOperations.TrailingZeroCount(hits);
                if (hit < worker.Rows)
                    TakeRow(table, firstRow + hit, worker.RowBest[hit], scores + (hit * (nint)worker.Stride), firstColumn, from, to);
            }
        }

        if (!session.Layout.IsSymmetric)
            return;
        int start = Math.Max(from, columnsAsAnchors);
        float* limits = table.Limits + firstColumn;
        for (; (start = fold.NextHits(worker.ColumnBest, limits, start, to, out uint hits)) < to; start += fold.Width)
            TakeColumns(worker, table, start, hits, scores, firstRow, firstColumn);
    }

    private void TakeRow(CandidateTable table, int anchor, float best, float* scores, int firstColumn, int from, int to)
    {
        IBlockFold fold = session.Kernel.Fold;
        float limit = table.Tighten(anchor, best);
        for (int start = from; (start = fold.NextHits(scores, limit, start, to, out uint hits)) < to; start += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
            {
                int column = start + BitOperations.TrailingZeroCount(hits);
                table.Add(anchor, scores[column], firstColumn + column);
            }
        }
    }

    // All hit columns of one vector at once: each row of the block is read once for them.
    private void TakeColumns(Worker worker, CandidateTable table, int start, uint hits, float* scores, int firstRow, int firstColumn)
    {
        for (uint rest = hits; rest != 0; rest &= rest - 1)
        {
            int column = start + BitOperations.TrailingZeroCount(rest);
            table.Tighten(firstColumn + column, worker.ColumnBest[column]);
        }

        IBlockFold fold = session.Kernel.Fold;
        float* limits = table.Limits + firstColumn + start;
        nint stride = worker.Stride;
        float* block = scores + start;
        for (int row = 0; (row = fold.NextRowWithHits(block, stride, limits, row, worker.Rows, out uint rowHits)) < worker.Rows; row++)
        {
            for (rowHits &= hits; rowHits != 0; rowHits &= rowHits - 1)
            {
                int lane = BitOperations.TrailingZeroCount(rowHits);
                table.Add(firstColumn + start + lane, block[(row * stride) + lane], firstRow + row);
            }
        }
    }

    private void PrepareWorkers(int count, int padded)
    {
        WorkerCount = count;
        if (_workers.Length < count)
        {
            int previous = _workers.Length;
            Array.Resize(ref _workers, count);
            for (int i = previous; i < count; i++)
                _workers[i] = new Worker(session.Kernel.Columns, LargestBlockColumns);
        }

        PinnedBuffer.Grow(ref _limits, 2L * padded);
        float* limits = (float*)_limits.DangerousGetAddress();
        new Span<float>(limits, 2 * padded).Fill(PackedPanels.LargestKey);
        for (int i = 0; i < count; i++)
        {
            _workers[i].Table(positives: false).Reset(padded, limits, _tolerance);
            _workers[i].Table(positives: true).Reset(_positiveKind == 0 ? 0 : padded, limits + padded, _tolerance);
        }
    }

    /// <summary>One worker's blocks and tables.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly PinnedBuffer<float> _keys;
        private readonly PinnedBuffer<float> _positives;
        private readonly PinnedBuffer<float> _best;
        private readonly CandidateTable _negativeTable = new();
        private readonly CandidateTable _positiveTable = new();

        public Worker(int rows, int columns)
        {
            Stride = columns;
            _keys = new PinnedBuffer<float>(rows * columns);
            _positives = new PinnedBuffer<float>(rows * columns);
            _best = new PinnedBuffer<float>(rows + columns);
            Keys = (float*)_keys.DangerousGetAddress();
            Positives = (float*)_positives.DangerousGetAddress();
            ColumnBest = (float*)_best.DangerousGetAddress();
            RowBest = ColumnBest + columns;
        }

        public int Stride { get; }

        public int Rows { get; set; }

        public float* Keys { get; }

        public float* Positives { get; }

        public float* ColumnBest { get; }

        public float* RowBest { get; }

        public CandidateTable Table(bool positives) => positives ? _positiveTable : _negativeTable;

        public void Dispose()
        {
            _keys.Dispose();
            _positives.Dispose();
            _best.Dispose();
            _negativeTable.Dispose();
            _positiveTable.Dispose();
        }
    }
}
