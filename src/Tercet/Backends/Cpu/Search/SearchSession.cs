using System.Numerics;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search;

/// <summary>One search call: passes of queries over the gallery, in blocks that workers share. Kept between calls, so that a call allocates nothing.</summary>
/// <remarks>
/// Many queries meet the gallery in register-blocked tiles, few in a scan of the rows or of their codes. Each form only finds candidates; what is
/// returned is decided in float64 by <see cref="SearchFinish"/>.
/// </remarks>
internal sealed unsafe class SearchSession : ITeamJob, IDisposable
{
    /// <summary>Most queries that scan the codes; more meet them in tiles.</summary>
    public const int LargestCodeScan = 24;

    private const int LargestPass = 1536;
    private const long LargestListBytes = 64L << 20;
    private const int BlockBytes = 256 << 10;
    private const int ChunkRows = 256;

    // One query alone does not need its rows in a cache afterwards, and each look at the scores holds up the streams of rows.
    private const int LongChunkRows = CodeRows.ChunkBlocks * CodeRows.BlockRows;
    private const int TileRows = 2 * CodeRows.BlockRows;

    // Where reading the codes first stops to pay: a score of a tile costs some cycles, one of a scan the bytes that it reads.
    private const int WorthwhileInTiles = 32;
    private const int WorthwhileInScans = 8;
    private const double MultiplyAddsPerWorker = 2e6;

    private readonly GalleryRows _gallery;
    private readonly CodeRows? _codes;
    private readonly SearchKernel _kernel;
    private readonly WorkerTeam _team;
    private readonly SearchPass _pass;
    private readonly PlainQueries _plain = new();
    private readonly CodeQueries _coded = new();
    private readonly SearchFinish _finish;
    private SearchWorker[] _workers = [];
    private Form _form;

    public SearchSession(GalleryRows gallery, CodeRows? codes, SearchKernel kernel, WorkerTeam team)
    {
        (_gallery, _codes, _kernel, _team) = (gallery, codes, kernel, team);
        _pass = new SearchPass(gallery, kernel);
        _finish = new SearchFinish(_pass);
    }

    private enum Form
    {
        Tiles,
        Rows,
        Codes,
    }

    private int BlockRows => Math.Clamp(BlockBytes / (_gallery.Depth * sizeof(float)) / TileRows, 1, 512 / TileRows) * TileRows;

    /// <summary>Searches.</summary>
    /// <param name="queries">The queries, pinned.</param>
    /// <param name="count">How many.</param>
    /// <param name="k">Neighbours of each.</param>
    /// <param name="nearest">Receives them, pinned.</param>
    /// <param name="nearestStride">Neighbours from one query's first to the next's.</param>
    /// <param name="threads">Most threads to use.</param>
    /// <param name="cancellationToken">Stops between blocks.</param>
    public void Run(SourceRows queries, int count, int k, Neighbor* nearest, nint nearestStride, int threads, CancellationToken cancellationToken)
    {
        double products = Math.Min(count, LargestPass) * (double)_gallery.Count * _gallery.Depth;
        int workers = Math.Clamp((int)(products / MultiplyAddsPerWorker), 1, threads);
        long bytesPerQuery = (long)workers * CandidateLists.CapacityFor(k) * sizeof(Candidate);
        int passSize = (int)Math.Clamp(LargestListBytes / bytesPerQuery / _kernel.Columns * _kernel.Columns, _kernel.Columns, LargestPass);
        for (int first = 0; first < count; first += passSize)
        {
            Load(queries, first, Math.Min(passSize, count - first));
            PrepareWorkers(workers, k);
            _workers[0].AddUnscored();
            int rowsPerItem = _form == Form.Tiles ? BlockRows : LongChunkRows;
            _team.Run(this, (int)(((long)_gallery.Count + rowsPerItem - 1) / rowsPerItem), workers, cancellationToken);
            _finish.Prepare(_workers.AsSpan(0, workers), k, nearest + (first * nearestStride), nearestStride);
            _team.Run(_finish, _pass.Count, _pass.Count < 2 ? 1 : workers, cancellationToken);
        }
    }

    void ITeamJob.Execute(int worker, int item)
    {
        if (_form == Form.Tiles)
        {
            int first = item * BlockRows;
            DoTiles(_workers[worker], first, Math.Min(_gallery.Count, first + BlockRows));
            return;
        }

        SearchWorker self = _workers[worker];
        int start = item * LongChunkRows;
        int end = (int)Math.Min(_gallery.Count, (long)start + LongChunkRows);
        for (int count; start < end; start += count)
        {
            count = Math.Min(self.ChunkRows, end - start);
            for (int query = 0; query < _pass.Count; query++)
                Scan(self, query, start, count);

            // The limits fall with the first rows; from there on long streams are worth more than limits of the moment. Codes leave rows to look at: no longer ones there.
            if (_form == Form.Rows && _pass.Count == 1)
                self.ChunkRows = Math.Min(2 * self.ChunkRows, LongChunkRows);
        }
    }

    public void Dispose()
    {
        foreach (SearchWorker worker in _workers)
            worker.Dispose();
        _finish.Dispose();
        _coded.Dispose();
        _plain.Dispose();
        _pass.Dispose();
    }

    private void Load(SourceRows queries, int first, int count)
    {
        _form = _codes is not null && count <= LargestCodeScan ? Form.Codes : count <= _kernel.Columns / 2 ? Form.Rows : Form.Tiles;
        _pass.Load(queries, first, count, pack: _form == Form.Tiles);
        if (_form == Form.Rows || _codes is not null)
            _plain.Load(_pass, _kernel.Fold.Width);
        if (_codes is not null)
            _coded.Load(_pass, _codes.Quads);
    }

    private void PrepareWorkers(int count, int k)
    {
        if (_workers.Length < count)
        {
            int previous = _workers.Length;
            Array.Resize(ref _workers, count);
            for (int i = previous; i < count; i++)
                _workers[i] = new SearchWorker(_pass, Math.Max(LongChunkRows, _kernel.Rows * _kernel.Columns), Math.Max(LongChunkRows, TileRows * _kernel.Columns), _kernel.Rows * _gallery.Depth);
        }

        for (int i = 0; i < count; i++)
        {
            _workers[i].Lists.Reset(_pass.Count, k);
            _workers[i].ChunkRows = ChunkRows;
            _workers[i].Trial = new FilterTrial(_form == Form.Tiles ? WorthwhileInTiles : WorthwhileInScans);
        }
    }

    // SAFETY: for all that follows, blocks lie inside the gallery, factors and biases are padded beyond it, and a worker's scores hold a chunk and a tile.
    private void DoTiles(SearchWorker worker, int first, int end)
    {
        nint panelFloats = (nint)_kernel.Columns * _gallery.Depth;
        for (int query = 0; query < _pass.Count; query += _kernel.Columns)
        {
            float* panel = _pass.Panels + (query / _kernel.Columns * panelFloats);
            for (int row = first; row < end; row += TileRows)
            {
                if (_codes is not null && _pass.Bounds[query] < float.MaxValue && worker.Trial.IsDue())
                    DoCodeTiles(worker, row, query);
                else
                    DoPlainTiles(worker, row, Math.Min(end, row + TileRows), query, panel);
            }
        }
    }

    private void DoPlainTiles(SearchWorker worker, int first, int end, int query, float* panel)
    {
        int row = first;
        for (; row + _kernel.Rows <= end; row += _kernel.Rows)
        {
            // The first panel meets rows that no cache has yet.
            if (query == 0 && row + (3 * _kernel.Rows) <= _gallery.Count)
                Ahead.Rows(_gallery.Source[row + (2 * _kernel.Rows)], _gallery.Source.Stride, _gallery.Depth, _kernel.Rows);
            DoTile(worker, _gallery.Source[row], _gallery.Source.Stride, row, query, panel);
        }

        if (row < end)
            DoTile(worker, worker.CopyTail(_gallery, row, end - row), _gallery.Depth, row, query, panel);
    }

    private void DoTile(SearchWorker worker, float* rows, nint stride, int row, int query, float* panel)
    {
        ulong* hits = worker.RowHits;
        if (_kernel.Tile(rows, stride, panel, _gallery.Depth, _gallery.Factors + row, _gallery.Biases + row, _pass.Limits + query, worker.Scores, hits))
            TakeHits(worker, row, query);
    }

    private void TakeHits(SearchWorker worker, int row, int query)
    {
        float* scores = worker.Scores;
        float* limits = _pass.Limits + query;
        CandidateLists lists = worker.Lists;
        int columns = _kernel.Columns;
        for (int r = 0; r < _kernel.Rows; r++, scores += columns)
        {
            for (ulong hits = worker.RowHits[r]; hits != 0; hits &= hits - 1)
            {
                int column = BitOperations.TrailingZeroCount(hits);

                // The limit may have come down since the tile was computed.
                if (scores[column] <= limits[column])
                    lists.Add(query + column, _pass.CandidateOf(query + column, scores[column], row + r));
            }
        }
    }

    private void DoCodeTiles(SearchWorker worker, int row, int query)
    {
        byte* blocks = _codes!.Block(row / CodeRows.BlockRows);
        uint* hits = (uint*)worker.RowHits;
        int end = Math.Min(query + _kernel.Columns, _pass.Count);
        for (int first = query; first < end; first += CodeQueries.Group)
        {
            if (!_kernel.CodeTile(blocks, _codes.Quads, _coded.Codes(first), _coded.Numbers(first), _pass.Limits + first, hits))
                continue;
            for (int i = 0; i < CodeQueries.Group; i++)
            {
                for (uint bits = hits[i]; bits != 0; bits &= bits - 1)
                    worker.Keep(first + i, row + BitOperations.TrailingZeroCount(bits));
            }
        }

        worker.Trial.Report(worker.LookAtKept(_kernel, _plain), TileRows * (end - query));
    }

    private void Scan(SearchWorker worker, int query, int first, int count)
    {
        if (_form == Form.Codes && _pass.Bounds[query] < float.MaxValue && worker.Trial.IsDue())
            ScanCodes(worker, query, first, count);
        else
            ScanRows(worker, query, first, count);
    }

    private void ScanRows(SearchWorker worker, int query, int first, int count)
    {
        float* scores = worker.Scores;
        int padded = (count + CodeRows.BlockRows - 1) / CodeRows.BlockRows * CodeRows.BlockRows;
        _kernel.Dots(_gallery.Source[first], _gallery.Source.Stride, _gallery.Depth, count, _plain[query], _gallery.Factors + first, _gallery.Biases + first, scores);
        new Span<float>(scores + count, padded - count).Fill(float.PositiveInfinity);
        IBlockFold fold = _kernel.Fold;
        for (int start = 0; (start = fold.NextHits(scores, _pass.Limits[query], start, padded, out uint hits)) < padded; start += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
            {
                int i = start + BitOperations.TrailingZeroCount(hits);
                if (scores[i] <= _pass.Limits[query])
                    worker.Lists.Add(query, _pass.CandidateOf(query, scores[i], first + i));
            }
        }
    }

    private void ScanCodes(SearchWorker worker, int query, int first, int count)
    {
        float* bounds = worker.Bounds;
        int blocks = (count + CodeRows.BlockRows - 1) / CodeRows.BlockRows;
        int padded = blocks * CodeRows.BlockRows;
        _kernel.Codes(_codes!.Block(first / CodeRows.BlockRows), blocks, _codes.Quads, _coded.Codes(query), _coded.Numbers(query), bounds);
        IBlockFold fold = _kernel.Fold;
        for (int start = 0; (start = fold.NextHits(bounds, _pass.Limits[query], start, padded, out uint hits)) < padded; start += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
                worker.Keep(query, first + start + BitOperations.TrailingZeroCount(hits));
        }

        worker.Trial.Report(worker.LookAtKept(_kernel, _plain), count);
    }
}
