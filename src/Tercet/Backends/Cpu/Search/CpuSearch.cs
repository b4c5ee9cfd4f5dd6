using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using Tercet.Search;

namespace Tercet.Backends.Cpu.Search;

/// <summary>A gallery on the CPU: its norms, its codes where wanted, and the sessions that search it.</summary>
internal sealed unsafe class CpuSearch : IDisposable
{
    private readonly SearchKernel _kernel;
    private readonly WorkerTeam _team = new();
    private readonly CodeRows? _codes;
    private readonly Stack<SearchSession> _idle = new();
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
            if (options.Filter == SearchFilter.Int8)
                _codes = new CodeRows(Rows, _team, _threads);
        }
        catch
        {
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

    public GalleryRows Rows { get; }

    /// <summary>Searches; see <see cref="FlatIndex"/>.</summary>
    /// <returns>The smaller of k and the number of rows.</returns>
    // SAFETY: both spans stay pinned for the whole call.
    public int Run(ReadOnlySpan2D<float> queries, int k, Span2D<Neighbor> nearest, CancellationToken cancellationToken)
    {
        SearchSession session = Rent();
        try
        {
            fixed (float* first = &queries.DangerousGetReference())
            fixed (Neighbor* found = &nearest.DangerousGetReference())
                session.Run(new SourceRows(first, StrideOf(queries)), queries.Height, k, found, StrideOf<Neighbor>(nearest), _threads, cancellationToken);
        }
        finally
        {
            Return(session);
        }

        return Math.Min(k, Rows.LiveCount);
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
        }

        _team.Dispose();
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

    private SearchSession Rent()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _idle.TryPop(out SearchSession? session) ? session : new SearchSession(Rows, _codes, _kernel, _team);
        }
    }

    private void Return(SearchSession session)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _idle.Push(session);
                return;
            }
        }

        session.Dispose();
    }
}
