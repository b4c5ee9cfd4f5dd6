using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// One pass over the upper triangle of keys that keeps, for each anchor, those that may be the nearest beyond one of its positives. A block's rows see its
/// keys as they are, its columns see them transposed; the first block that an anchor meets places its windows.
/// </summary>
internal sealed unsafe class NearPass(CpuSession session, PositiveDistances distances, KeyErrors errors) : IBlockPairJob, IDisposable
{
    /// <summary>Most rows and columns of a block. The larger, the less often an anchor's list is turned to; its keys turned around stay in the second-level cache.</summary>
    public const int LargestBlock = 384;

    // The first block that an anchor meets places its windows: the fewer groups, the more it says.
    private const int FewestGroups = 5;

    private readonly BlockPairs _pairs = new(session, LargestBlock);
    private readonly NearLists _lists = new();
    private Worker[] _workers = [];

    /// <summary>Whether the square form has room for every anchor's keys; prepares it.</summary>
    public bool Prepare() => _lists.Prepare(session.Layout);

    /// <summary>What was kept.</summary>
    public NearLists Lists => _lists;

    /// <summary>Runs over all blocks.</summary>
    /// <param name="workers">Most threads to use.</param>
    public void Run(int workers)
    {
        if (_workers.Length < workers)
        {
            int previous = _workers.Length;
            Array.Resize(ref _workers, workers);
            for (int i = previous; i < workers; i++)
                _workers[i] = new Worker(session);
        }

        _pairs.Run(this, Math.Max(FewestGroups, (2 * workers) + 1), workers);
    }

    void IBlockPairJob.DoBlock(int worker, BlockPair block)
    {
        // What is no anchor stands at the end.
        int anchors = session.Layout.AnchorCount;
        if (block.FirstRow >= anchors)
            return;
        Worker own = _workers[worker];
        KeyParts parts = new(session.Gallery.Depth);
        int live = Math.Min(block.Rows, anchors - block.FirstRow);
        if (block.IsDiagonal)
        {
            own.Block.Compute(block, parts);
            Take(own, own.Block.Keys, block.FirstRow, live, block.FirstColumn, block.Columns);
            return;
        }

        // A strip's keys are taken, and turned around, while they are in the first-level cache; its anchors' lists are asked for while it is computed, those of columns while
        // the strip before is taken.
        // Where rows are no anchors, neither are the columns, which stand behind them.
        float* keys = own.Block.Keys;
        int strip = own.Block.StripRows;
        bool isColumnWanted = block.FirstColumn < anchors;
        for (int row = 0; row < live; row += strip)
        {
            int rows = Math.Min(strip, live - row);
            AskFor(block.FirstRow + row, rows);
            own.Block.ComputeStrip(block, row, parts, keys);
            Take(own, keys, block.FirstRow + row, rows, block.FirstColumn, block.Columns);
            if (isColumnWanted)
                session.Kernel.Fold.Transpose(keys, own.Block.Stride, strip, block.Columns, own.Turned + row, own.Block.Stride);
        }

        if (!isColumnWanted)
            return;

        int liveColumns = Math.Min(block.Columns, anchors - block.FirstColumn);
        for (int column = 0; column < liveColumns; column += strip)
        {
            int next = column + strip;
            AskFor(block.FirstColumn + next, Math.Min(strip, liveColumns - next));
            Take(own, own.Turned + (column * own.Block.Stride), block.FirstColumn + column, Math.Min(strip, liveColumns - column), block.FirstRow, block.Rows);
        }
    }

    public void Dispose()
    {
        foreach (Worker worker in _workers)
            worker.Dispose();
        _lists.Dispose();
        _pairs.Dispose();
    }

    // SAFETY: the block holds that many rows and columns; a list that is not full has room for a block's keys and a vector.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Take(Worker worker, float* keys, int firstAnchor, int anchors, int firstPosition, int count)
    {
        IBlockFold fold = session.Kernel.Fold;
        for (int anchor = firstAnchor; anchor < firstAnchor + anchors; anchor++, keys += worker.Block.Stride)
        {
            AnchorWindow* window = _lists.Window(anchor);
            if (window->Count < 0)
            {
                if (window->Count == AnchorWindow.Overflowed)
                    continue;
                window->Limit = _lists.Room / 2;
                worker.Windows.Open(window, distances.Of(anchor), errors.ToleranceOf(anchor), keys, count);
            }

            float* kept = _lists.Keys(anchor);
            int* positions = _lists.Positions(anchor);
            int selected = fold.Select(keys, count, firstPosition, window->Bins, window->Wanted, kept + window->Count, positions + window->Count);
            KeyWindows.Add(window, kept, positions, selected);
            if (window->Count > window->Limit)
                Sift(worker, window, anchor);
        }
    }

    // Where a list ends its window says: that has been asked for a strip before.
    private void AskFor(int firstAnchor, int anchors)
    {
        for (int i = 0; i < anchors; i++)
        {
            _lists.AskForEnd(firstAnchor + i);
            _lists.AskForWindow(firstAnchor + anchors + i);
        }
    }

    // Half full for the first time, a list knows enough to narrow its windows for all keys to come.
    private void Sift(Worker worker, AnchorWindow* window, int anchor)
    {
        worker.Windows.Narrow(window, distances.Of(anchor), errors.ToleranceOf(anchor), _lists.Keys(anchor), _lists.Positions(anchor));
        window->Limit = _lists.Room;

        // To sift a full list after every block would cost more than to look at the whole row.
        if (window->Count > _lists.Room / 4 * 3)
            window->Count = AnchorWindow.Overflowed;
    }

    /// <summary>One worker's block and tables.</summary>
    private sealed class Worker(CpuSession session) : IDisposable
    {
        private readonly PinnedBuffer<float> _turned = new(LargestBlock * (LargestBlock + KeyBlock.Padding));

        public KeyBlock Block { get; } = new(session, LargestBlock);

        public KeyWindows Windows { get; } = new(session);

        public float* Turned => (float*)_turned.DangerousGetAddress();

        public void Dispose()
        {
            _turned.Dispose();
            Block.Dispose();
            Windows.Dispose();
        }
    }
}
