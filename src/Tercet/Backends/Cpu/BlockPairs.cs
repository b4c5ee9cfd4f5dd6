using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Every pair of rows of the square form once, a block at a time. Groups of rows meet in rounds in which no group appears twice, so a job may write to both
/// ends of a block without a lock, and each row sees the others in the same order whatever the number of threads.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="largestBlock">Most rows and columns of a block, a multiple of every kernel's panel: it and its rows should stay in the second-level cache.</param>
internal sealed unsafe class BlockPairs(CpuSession session, int largestBlock) : ITeamJob, IDisposable
{
    // A group of several blocks' rows keeps one block's rows in the second-level cache while those of the other group pass by.
    private const int BlocksPerGroup = 4;

    private PinnedBuffer<int> _progress = new(0);
    private IBlockPairJob _job = null!;
    private RoundRobin _pairs;
    private int _groupRows;
    private int _paddedRows;
    private volatile bool _failed;

    // By group: how many rounds it has behind it.
    // SAFETY: native memory, one element a group, replaced only by Run.
    private int* Progress => (int*)_progress.DangerousGetAddress();

    /// <summary>Does all blocks, each after those of earlier rounds that share a row with it.</summary>
    /// <param name="job">What to do with a block.</param>
    /// <param name="wantedGroups">Groups of a small batch: half of them, rounded down, are the pairs that workers find in every round.</param>
    /// <param name="workers">Most threads to use.</param>
    public void Run(IBlockPairJob job, int wantedGroups, int workers)
    {
        int panelRows = session.Kernel.Columns;
        int panels = session.Gallery.PanelCount;
        _paddedRows = panels * panelRows;
        int wanted = (panels + wantedGroups - 1) / wantedGroups * panelRows;
        _groupRows = wanted < largestBlock ? wanted : Math.Min(wanted / largestBlock, BlocksPerGroup) * largestBlock;
        int groups = (_paddedRows + _groupRows - 1) / _groupRows;
        _pairs = new RoundRobin(groups);
        PinnedBuffer.Grow(ref _progress, groups);
        _progress.Span[..groups].Clear();
        _failed = false;
        _job = job;
        session.Team.Run(this, _pairs.PairCount, workers, session.Cancellation);
        _job = null!;
    }

    // Items are handed out in ascending order, so what a pair waits for has been begun by somebody who does not wait for it.
    void ITeamJob.Execute(int worker, int item)
    {
        bool exists = _pairs.Get(item, out int round, out int first, out int second);
        if (!WaitFor(first, round) || (exists && !WaitFor(second, round)))
            return;
        if (exists)
        {
            try
            {
                DoPair(worker, first * _groupRows, second * _groupRows);
            }
            catch
            {
                // Nobody may wait for a pair that will never be done.
                _failed = true;
                throw;
            }
        }

        Volatile.Write(ref Progress[first], round + 1);
        if (exists && second != first)
            Volatile.Write(ref Progress[second], round + 1);
    }

    public void Dispose() => _progress.Dispose();

    private void DoPair(int worker, int firstRow, int firstColumn)
    {
        int rows = Math.Min(_groupRows, _paddedRows - firstRow);
        int columns = Math.Min(_groupRows, _paddedRows - firstColumn);
        int blocks = (columns + largestBlock - 1) / largestBlock;
        for (int row = 0; row < rows; row += largestBlock)
        {
            int blockRows = Math.Min(largestBlock, rows - row);

            // To and fro, so that the block after a turn finds both its groups of rows in the cache.
            bool backwards = (row / largestBlock % 2) != 0;
            for (int i = 0; i < blocks; i++)
            {
                int column = (backwards ? blocks - 1 - i : i) * largestBlock;
                if (firstRow + row <= firstColumn + column)
                    _job.DoBlock(worker, new BlockPair(firstRow + row, blockRows, firstColumn + column, Math.Min(largestBlock, columns - column)));
            }
        }
    }

    private bool WaitFor(int group, int round)
    {
        SpinWait wait = default;
        while (Volatile.Read(ref Progress[group]) < round)
        {
            if (_failed)
                return false;
            wait.SpinOnce(sleep1Threshold: -1);
        }

        return true;
    }
}
