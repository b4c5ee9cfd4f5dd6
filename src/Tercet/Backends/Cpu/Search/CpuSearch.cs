using System.Runtime.CompilerServices;
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

        return Math.Min(k, Rows.Count);
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
