using System.Numerics;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>
/// One query's search by cells. The nearest cells come first; they make the limit fall. Exact searches then read what the bounds leave of all others, in the order
/// in which it lies, on several threads where it is much.
/// </summary>
internal sealed unsafe class CellSession : ITeamJob, IDisposable
{
    // Cells to begin an exact search with.
    private const int FirstCells = 8;
    private const int ChunkBlocks = 64;

    // While there is no limit every row is read where it lies: so few that there soon is one.
    private const int FirstBlocks = 2;
    private const int RunCells = 32;
    private const double CodesPerWorker = 2e6;

    // Codes that leave more than one row in so many, of so many or more, do not pay: rows would be read one here, one there.
    private const int Worthwhile = 8;
    private const int TrialRows = 8192;

    private readonly GalleryRows _gallery;
    private readonly CellTable _cells;
    private readonly SearchKernel _kernel;
    private readonly WorkerTeam _team;
    private readonly SearchPass _pass;
    private readonly PlainQueries _plain = new();
    private readonly CodeQueries _coded = new();
    private readonly CellProbe _probe;
    private readonly CellBounds _bounds;
    private readonly SearchFinish _finish;
    private readonly (int First, int End)[] _left;
    private readonly bool[] _isVisited;
    private SearchWorker[] _workers = [];
    private int _leftCount;
    private long _nearBlocks;
    private int _seen;
    private int _kept;
    private bool _canGiveUp;
    private volatile bool _gaveUp;

    public CellSession(GalleryRows gallery, CellTable cells, SearchKernel kernel, WorkerTeam team)
    {
        (_gallery, _cells, _kernel, _team) = (gallery, cells, kernel, team);
        _pass = new SearchPass(gallery, kernel);
        _probe = new CellProbe(cells, kernel);
        _bounds = new CellBounds(cells);
        _finish = new SearchFinish(_pass);
        _left = new (int First, int End)[cells.Shape.Cells];
        _isVisited = new bool[cells.Shape.Cells];
    }

    /// <summary>Searches.</summary>
    /// <param name="queries">The queries, pinned.</param>
    /// <param name="query">Which one.</param>
    /// <param name="probes">How many of the nearest cells to look into; 0 for an exact answer.</param>
    /// <param name="nearest">Receives the neighbours, pinned while this runs.</param>
    /// <param name="threads">Most threads to use.</param>
    /// <param name="mostRows">Give up where the bounds leave more rows than this.</param>
    /// <returns>Whether there is an answer. If not, reading all rows is cheaper.</returns>
    /// <exception cref="ArgumentException">The query is not finite, or too large.</exception>
    // SAFETY: for the whole class, blocks and places are those of the table, and a worker's scratch holds a chunk.
    public bool Run(SourceRows queries, int query, int probes, Span<Neighbor> nearest, int threads, long mostRows = long.MaxValue)
    {
        _pass.Load(queries, query, 1, pack: false);
        (_seen, _kept, _canGiveUp, _gaveUp) = (0, 0, probes == 0, false);
        PrepareWorkers(threads, nearest.Length);
        int workers = 1;
        if (!_pass.IsAnswered(0))
        {
            _workers[0].AddUnscored();
            _plain.Load(_pass, _kernel.Fold.Width);
            _coded.Load(_pass, CodeRows.QuadsOf(_gallery.Depth));
            _probe.Score(_plain[0]);
            _bounds.Load(_pass, _probe.Scores);
            int first = probes > 0 ? probes : FirstCells + (int)(2L * nearest.Length * _cells.Shape.Cells / _gallery.Count);
            int nearestCell = LookIntoNearest(Math.Min(first, _cells.Shape.Cells));
            if (probes == 0 && !_gaveUp)
                workers = LookIntoOthers(nearestCell, threads, mostRows);
            if (_gaveUp)
                return false;
        }

        fixed (Neighbor* found = nearest)
        {
            _finish.Prepare(_workers.AsSpan(0, workers), nearest.Length, found, nearest.Length);
            _team.Run(_finish, 1, 1, CancellationToken.None);
        }

        return true;
    }

    void ITeamJob.Execute(int worker, int item)
    {
        SearchWorker self = _workers[worker];
        int end = Math.Min(_leftCount, (item + 1) * RunCells);
        for (int i = item * RunCells; i < end && !_gaveUp;)
        {
            // Cells that lie one behind the other are one stretch.
            (int firstBlock, int endBlock) = _left[i++];
            for (; i < end && _left[i].First == endBlock; i++)
                endBlock = _left[i].End;
            Scan(self, firstBlock, endBlock);
        }
    }

    public void Dispose()
    {
        foreach (SearchWorker worker in _workers)
            worker.Dispose();
        _finish.Dispose();
        _probe.Dispose();
        _coded.Dispose();
        _plain.Dispose();
        _pass.Dispose();
    }

    private void PrepareWorkers(int count, int k)
    {
        if (_workers.Length < count)
        {
            int previous = _workers.Length;
            Array.Resize(ref _workers, count);
            for (int i = previous; i < count; i++)
                _workers[i] = new SearchWorker(_pass, ChunkBlocks * CodeRows.BlockRows, ChunkBlocks * CodeRows.BlockRows, 0);
        }

        for (int i = 0; i < count; i++)
            _workers[i].Lists.Reset(1, k);
    }

    private int LookIntoNearest(int count)
    {
        ReadOnlySpan<int> cells = _probe.Nearest(count);
        _isVisited.AsSpan().Clear();
        _nearBlocks = 0;
        foreach (int cell in cells)
        {
            _isVisited[cell] = true;
            _bounds.Limit(_pass.Limits[0]);
            if (!_bounds.MayHold(cell))
                continue;
            (int first, int end) = _bounds.Window(cell);
            Scan(_workers[0], first, end);
            _nearBlocks += Math.Max(0, end - first);
        }

        return cells[0];
    }

    /// <returns>How many workers took part.</returns>
    private int LookIntoOthers(int nearestCell, int threads, long mostRows)
    {
        _bounds.Limit(_pass.Limits[0]);
        _leftCount = 0;
        long blocks = 0;
        bool isNearLoaded = false;
        for (int cell = 0; cell < _cells.Shape.Cells; cell++)
        {
            if (_isVisited[cell] || !_bounds.MayHold(cell))
                continue;
            if (!isNearLoaded)
                _bounds.Load(nearestCell, _probe.ScoreFrom(nearestCell));
            isNearLoaded = true;
            if (!_bounds.MayReachOver(cell, _probe.Others[cell]))
                continue;
            (int First, int End) window = _bounds.Window(cell);
            if (window.First >= window.End)
                continue;
            _left[_leftCount++] = window;
            blocks += window.End - window.First;
        }

        if ((_nearBlocks + blocks) * CodeRows.BlockRows > mostRows)
        {
            _gaveUp = true;
            return 1;
        }

        int workers = Math.Clamp((int)(blocks * _cells.Shape.BlockBytes / CodesPerWorker), 1, threads);
        _team.Run(this, (_leftCount + RunCells - 1) / RunCells, workers, CancellationToken.None);
        return workers;
    }

    private void Scan(SearchWorker worker, int block, int end)
    {
        for (int count; block < end && !_gaveUp; block += count)
        {
            count = Math.Min(_pass.Bounds[0] < float.MaxValue ? ChunkBlocks : FirstBlocks, end - block);
            ScanChunk(worker, block, count);
        }
    }

    private void ScanChunk(SearchWorker worker, int block, int blocks)
    {
        int* rows = _cells.Rows + ((nint)block * CodeRows.BlockRows);
        int places = blocks * CodeRows.BlockRows;
        if (_pass.Bounds[0] == float.MaxValue)
        {
            for (int place = 0; place < places; place++)
            {
                if (rows[place] >= 0)
                    worker.Keep(0, rows[place]);
            }

            worker.LookAtKept(_kernel, _plain);
            return;
        }

        _kernel.Codes(_cells.Block(block), blocks, _coded.Quads, _coded.Codes(0), _coded.Numbers(0), worker.Bounds);
        IBlockFold fold = _kernel.Fold;
        for (int start = 0; (start = fold.NextHits(worker.Bounds, _pass.Limits[0], start, places, out uint hits)) < places; start += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
            {
                int row = rows[start + BitOperations.TrailingZeroCount(hits)];
                if (row >= 0)
                    worker.Keep(0, row);
            }
        }

        // Counted by all workers without a lock: what is lost of it changes only when to give up.
        _kept += worker.LookAtKept(_kernel, _plain);
        _seen += places;
        if (_canGiveUp && _seen >= TrialRows && _kept > _seen / Worthwhile)
            _gaveUp = true;
    }
}
