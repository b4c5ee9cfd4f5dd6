using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu.Search.Cells;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search;

/// <summary>A gallery on the CPU: its norms, its codes where wanted, and the sessions that search it.</summary>
internal sealed unsafe class CpuSearch : IDisposable
{
    private readonly SearchKernel _kernel;
    private readonly WorkerTeam _team = new();
    private readonly CodeRows? _codes;
    private CellTable? _cells;
    private readonly Stack<SearchSession> _idle = new();
    private readonly Stack<CellSession> _idleByCells = new();
    private readonly Stack<CellBatch> _idleBatches = new();
    private readonly Lock _lock = new();
    private readonly int _threads;
    private bool _disposed;

    /// <summary>Reads every row once.</summary>
    /// <param name="rows">The gallery; the memory must stay where it is until this is disposed.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ArgumentException">A row is not finite or too large, or has too many dimensions.</exception>
    // SAFETY: FlatIndex pins the rows, or keeps the mapping or the native memory alive, until it disposes this.
    public CpuSearch(ReadOnlySpan2D<float> rows, FlatIndexOptions options)
    {
        if (rows.Width > LargestDepth)
            throw new ArgumentException($"'rows' has {rows.Width} columns; at most {LargestDepth} can be searched.", nameof(rows));
        _threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        _kernel = SearchKernel.For(options.Lanes);
        try
        {
            var source = new SourceRows((float*)Unsafe.AsPointer(ref rows.DangerousGetReference()), StrideOf(rows));
            Rows = new GalleryRows(source, rows.Height, rows.Width, options.Metric, _team, _threads);
            if (options.Filter != SearchFilter.None)
                _codes = new CodeRows(Rows, _team, _threads);
            if (options.Filter == SearchFilter.Cells)
                _cells = CellTable.Build(Rows, options.Cells, options.CellSeed, _threads);
        }
        catch
        {
            _codes?.Dispose();
            Rows?.Dispose();
            _team.Dispose();
            throw;
        }
    }

    /// <summary>Rows that come with their companion: nothing is read.</summary>
    /// <param name="rows">The rows; the memory must stay where it is until this is disposed.</param>
    /// <param name="metric">The metric that the companion was made for.</param>
    /// <param name="companion">The companion's parts and the rows that are not masked.</param>
    /// <param name="threads">Threads to use; 0 means every processor.</param>
    /// <param name="lanes">The vector width; <see langword="null"/> means the preferred one.</param>
    // SAFETY: the caller keeps the mappings until it disposes this, and has checked that the companion holds what its shape says.
    public CpuSearch(ReadOnlySpan2D<float> rows, SearchMetric metric, StoredCompanion companion, int threads, CpuLanes? lanes)
    {
        _threads = threads == 0 ? Environment.ProcessorCount : threads;
        _kernel = SearchKernel.For(lanes);
        var source = new SourceRows((float*)Unsafe.AsPointer(ref rows.DangerousGetReference()), StrideOf(rows));
        Rows = new GalleryRows(
            source,
            rows.Height,
            rows.Width,
            metric,
            (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(companion.Factors)),
            (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(companion.Biases)),
            companion.GreatestNorm,
            companion.LiveCount);
        if (!companion.Codes.IsEmpty)
            _codes = new CodeRows(Rows, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(companion.Codes)));
    }

    /// <summary>Most dimensions: up to here the error bounds hold, whose second-order terms have 1 % of room.</summary>
    public const int LargestDepth = 65536;

    // Up to so many queries are always searched one by one. More meet the rows in tiles, where a row costs a third of what it does in a scan, unless the cells leave few rows to most queries of a sample.
    private const int LargestCellBatch = SearchSession.LargestCodeScan;
    private const int SampleQueries = 8;
    private const int FewRows = 8;

    public GalleryRows Rows { get; }

    /// <summary>Number of cells; 0 where there are none.</summary>
    public int CellCount => _cells?.Shape.Cells ?? 0;

    /// <summary>Takes up cells that were made earlier, before the first search.</summary>
    /// <param name="cells">Their first byte.</param>
    /// <param name="shape">Their shape.</param>
    /// <exception cref="ArgumentException">They contradict themselves.</exception>
    // SAFETY: the caller keeps the mapping until it disposes this, and has checked that it is as long as the shape says.
    public void UseCells(ReadOnlySpan<byte> cells, CellShape shape) => _cells = new CellTable((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(cells)), shape, Rows.Count);

    /// <summary>Searches; see <see cref="FlatIndex"/>.</summary>
    /// <returns>The smaller of k and the number of rows.</returns>
    // SAFETY: both spans stay pinned for the whole call.
    public int Run(ReadOnlySpan2D<float> queries, int k, Span2D<Neighbor> nearest, CancellationToken cancellationToken)
    {
        fixed (float* first = &queries.DangerousGetReference())
        fixed (Neighbor* found = &nearest.DangerousGetReference())
        {
            SourceRows source = new(first, StrideOf(queries));
            if (_cells is not null)
                CheckSeveral(source, queries.Height);
            if (_cells is not null && (queries.Height <= LargestCellBatch || DoCellsPay(source, queries.Height, k, found, StrideOf<Neighbor>(nearest), cancellationToken)))
                RunByCells(source, queries.Height, k, probes: 0, found, StrideOf<Neighbor>(nearest), cancellationToken);
            else
                RunFully(source, queries.Height, k, found, StrideOf<Neighbor>(nearest), _threads, cancellationToken);
        }

        return Math.Min(k, Rows.LiveCount);
    }

    /// <summary>Searches only the cells whose centres are nearest.</summary>
    /// <param name="queries">The queries, <c>[Q, D]</c>.</param>
    /// <param name="k">Neighbours of each.</param>
    /// <param name="probes">How many cells to look into.</param>
    /// <param name="nearest">Receives them, <c>[Q, k]</c>; <see cref="Neighbor.None"/> where the cells hold fewer rows.</param>
    /// <param name="cancellationToken">Stops between queries.</param>
    // SAFETY: both spans stay pinned for the whole call.
    public void RunApproximately(ReadOnlySpan2D<float> queries, int k, int probes, Span2D<Neighbor> nearest, CancellationToken cancellationToken)
    {
        fixed (float* first = &queries.DangerousGetReference())
        fixed (Neighbor* found = &nearest.DangerousGetReference())
        {
            SourceRows source = new(first, StrideOf(queries));
            CheckSeveral(source, queries.Height);
            RunByCells(source, queries.Height, k, probes, found, StrideOf<Neighbor>(nearest), cancellationToken);
        }
    }

    /// <summary>Searches for one query by cells.</summary>
    /// <param name="queries">The queries, pinned.</param>
    /// <param name="query">Which one.</param>
    /// <param name="probes">How many cells to look into; 0 for an exact answer.</param>
    /// <param name="nearest">Receives the neighbours; pinned.</param>
    /// <param name="threads">Most threads to use.</param>
    /// <param name="cancellationToken">Stops between blocks, where all rows are read.</param>
    // SAFETY: the caller keeps both pinned.
    public void RunByCells(SourceRows queries, int query, int probes, Span<Neighbor> nearest, int threads, CancellationToken cancellationToken)
    {
        CellSession session = Rent(_idleByCells) ?? new CellSession(Rows, _cells!, _kernel, _team);
        bool answered;
        try
        {
            answered = session.Run(queries, query, probes, nearest, threads);
        }
        finally
        {
            Return(_idleByCells, session);
        }

        if (answered)
            return;
        fixed (Neighbor* found = nearest)
            RunFully(new SourceRows(queries[query], queries.Stride), 1, nearest.Length, found, nearest.Length, threads, cancellationToken);
    }

    /// <summary>What float64 says of a row: what the answers are ordered by.</summary>
    /// <param name="query">The query, <c>[D]</c>.</param>
    /// <param name="row">The row.</param>
    // SAFETY: the query is pinned while it is read.
    public double KeyOf(ReadOnlySpan<float> query, int row)
    {
        fixed (float* y = query)
            return Rows.ExactKey(y, Rows.IsEuclidean ? 0 : Math.Sqrt(ExactDistance.Dot(y, y, Rows.Depth)), row);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            while (_idle.TryPop(out SearchSession? session))
                session.Dispose();
            while (_idleByCells.TryPop(out CellSession? session))
                session.Dispose();
        }

        _team.Dispose();
        _cells?.Dispose();
        _codes?.Dispose();
        Rows.Dispose();
    }

    private static nint StrideOf<T>(ReadOnlySpan2D<T> rows)
        where T : unmanaged
    {
        if (rows.Height < 2)
            return rows.Width;
        ref T first = ref rows.DangerousGetReferenceAt(0, 0);
        ref T second = ref rows.DangerousGetReferenceAt(1, 0);
        return Unsafe.ByteOffset(ref first, ref second) / sizeof(T);
    }

    // Queries that are searched one by one, in any order: the first bad one is named, whichever would be met first.
    private void CheckSeveral(SourceRows queries, int count)
    {
        if (count == 1)
            return;
        for (int query = 0; query < count; query++)
            RowCheck.SquaredNorm(queries[query], Rows.Depth, query, "queries");
    }

    private void RunByCells(SourceRows queries, int count, int k, int probes, Neighbor* nearest, nint stride, CancellationToken cancellationToken)
    {
        if (count == 1)
        {
            cancellationToken.ThrowIfCancellationRequested();
            RunByCells(queries, 0, probes, new Span<Neighbor>(nearest, k), _threads, cancellationToken);
            return;
        }

        CellBatch batch = Rent(_idleBatches) ?? new CellBatch(this);
        try
        {
            batch.Prepare(queries, k, probes, nearest, stride, cancellationToken);
            _team.Run(batch, count, _threads, cancellationToken);
        }
        finally
        {
            Return(_idleBatches, batch);
        }
    }

    // The answers of the sample are written to where they belong, and again with all others.
    private bool DoCellsPay(SourceRows queries, int count, int k, Neighbor* nearest, nint stride, CancellationToken cancellationToken)
    {
        CellSession session = Rent(_idleByCells) ?? new CellSession(Rows, _cells!, _kernel, _team);
        try
        {
            int answered = 0;
            for (int i = 0; i < SampleQueries; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int query = (int)((long)i * count / SampleQueries);
                answered += session.Run(queries, query, probes: 0, new Span<Neighbor>(nearest + (query * stride), k), threads: 1, Rows.Count / FewRows) ? 1 : 0;
            }

            return 2 * answered > SampleQueries;
        }
        finally
        {
            Return(_idleByCells, session);
        }
    }

    private void RunFully(SourceRows queries, int count, int k, Neighbor* nearest, nint stride, int threads, CancellationToken cancellationToken)
    {
        SearchSession session = Rent(_idle) ?? new SearchSession(Rows, _codes, _kernel, _team);
        try
        {
            session.Run(queries, count, k, nearest, stride, threads, cancellationToken);
        }
        finally
        {
            Return(_idle, session);
        }
    }

    private T? Rent<T>(Stack<T> idle)
        where T : class
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return idle.TryPop(out T? session) ? session : null;
        }
    }

    private void Return<T>(Stack<T> idle, T session)
        where T : class
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                idle.Push(session);
                return;
            }
        }

        (session as IDisposable)?.Dispose();
    }
}
