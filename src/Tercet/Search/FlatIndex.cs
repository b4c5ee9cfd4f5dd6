using System.Buffers;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu.Search;
using Tercet.Backends.Cpu.Search.Cells;
using Tercet.Memory;

namespace Tercet.Search;

/// <summary>
/// Exact nearest-neighbour search by brute force over gallery rows <c>[G, D]</c>, row-major, that are read where they lie. Safe to use from many threads; a
/// call allocates nothing once the index is warm.
/// </summary>
/// <remarks>
/// The rows are those of a float64 scan over all of them: ordered by (distance in float64, row), so that of equal distances the lowest row comes first.
/// Float32 (or int8) keys with a proven error bound only decide which rows are worth a float64 look. Norms are kept beside the rows
/// (8 bytes a row), queries are packed once a call; the gallery is never copied, so that it may be a memory-mapped file larger than memory.
/// The rows must not change while the index is alive.
/// </remarks>
public sealed class FlatIndex : IDisposable
{
    /// <summary>The largest number of neighbours a query may ask for.</summary>
    public const int LargestK = 1024;

    private readonly CpuSearch _search;
    private readonly PinnedMatrix? _owned;
    private readonly object? _keptAlive;
    private MemoryHandle _pin;
    private int _disposed;

    /// <summary>Indexes the caller's rows, which are pinned until the index is disposed.</summary>
    /// <param name="rows">The gallery, <c>[G, D]</c>, at least one row; finite.</param>
    /// <param name="options">The options; <see langword="null"/> means the defaults.</param>
    /// <exception cref="ArgumentException">
    /// A component is NaN or infinite, a row's norm is above 2⁶⁰, D is above 65,536, a dimension is 0, or an option has a value that does not exist.
    /// </exception>
    /// <exception cref="TercetException">This processor does not run the lanes asked for.</exception>
    public FlatIndex(ReadOnlyMemory2D<float> rows, FlatIndexOptions? options = null)
    {
        _pin = rows.Pin();
        _search = Build(rows.Span, options, null, _pin);
    }

    /// <summary>Indexes a pinned matrix, which must not be disposed or changed before the index is.</summary>
    /// <inheritdoc cref="FlatIndex(ReadOnlyMemory2D{float}, FlatIndexOptions)"/>
    public FlatIndex(PinnedMatrix rows, FlatIndexOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        _pin = rows.Buffer.Pin();
        _keptAlive = rows;
        _search = Build(rows.Span, options, null, _pin);
    }

    /// <summary>Indexes a memory-mapped matrix, which must not be disposed before the index is.</summary>
    /// <inheritdoc cref="FlatIndex(ReadOnlyMemory2D{float}, FlatIndexOptions)"/>
    public FlatIndex(MappedMatrix rows, FlatIndexOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        _keptAlive = rows;
        _search = Build(rows.Span, options, null, _pin);
    }

    private FlatIndex(PinnedMatrix owned, FlatIndexOptions? options, bool disposeRows)
    {
        _owned = disposeRows ? owned : null;
        _search = Build(owned.Span, options, _owned, _pin);
    }

    /// <summary>Number of gallery rows, G.</summary>
    public int Count => _search.Rows.Count;

    /// <summary>Dimension, D.</summary>
    public int Dimension => _search.Rows.Depth;

    /// <summary>The metric.</summary>
    public SearchMetric Metric => _search.Rows.Metric;

    /// <summary>Number of k-means cells; 0 where the index was built without.</summary>
    public int CellCount => _search.CellCount;

    /// <summary>Indexes a copy of the rows, 64-byte aligned and owned by the index: the source may change or go away.</summary>
    /// <inheritdoc cref="FlatIndex(ReadOnlyMemory2D{float}, FlatIndexOptions)"/>
    public static FlatIndex CopyOf(ReadOnlySpan2D<float> rows, FlatIndexOptions? options = null)
    {
        var copy = new PinnedMatrix(rows.Height, rows.Width);
        rows.CopyTo(copy.Span);
        return new FlatIndex(copy, options, disposeRows: true);
    }

    /// <summary>The nearest rows of one query.</summary>
    /// <param name="query">The query, <c>[D]</c>, finite.</param>
    /// <param name="nearest">Receives them, nearest first; its length is k, at most <see cref="LargestK"/>. Places beyond G receive <see cref="Neighbor.None"/>.</param>
    /// <returns>How many were found: the smaller of k and G.</returns>
    /// <exception cref="ArgumentException">The query has another length, a component that is not finite or a norm above 2⁶⁰, or k is too large.</exception>
    /// <exception cref="ObjectDisposedException">The index has been disposed.</exception>
    public int Search(ReadOnlySpan<float> query, Span<Neighbor> nearest)
    {
        Check(query, nearest);
        return nearest.IsEmpty
            ? 0
            : _search.Run(ReadOnlySpan2D<float>.DangerousCreate(in query[0], 1, Dimension, 0), nearest.Length, Span2D<Neighbor>.DangerousCreate(ref nearest[0], 1, nearest.Length, 0), CancellationToken.None);
    }

    /// <summary>The nearest rows of many queries.</summary>
    /// <param name="queries">The queries, <c>[Q, D]</c>, finite.</param>
    /// <param name="k">How many neighbours of each, 1 to <see cref="LargestK"/>.</param>
    /// <param name="nearest">Receives them, <c>[Q, k]</c>, nearest first. Places beyond G receive <see cref="Neighbor.None"/>.</param>
    /// <param name="cancellationToken">Stops the call between blocks of rows; <paramref name="nearest"/> then holds nothing of use.</param>
    /// <returns>How many were found for each query: the smaller of k and G.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, k is out of range, or a query has a component that is not finite or a norm above 2⁶⁰.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The index has been disposed.</exception>
    public int SearchBatch(ReadOnlySpan2D<float> queries, int k, Span2D<Neighbor> nearest, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, LargestK);
        if (queries.Height > 0 && queries.Width != Dimension)
            throw new ArgumentException($"'queries' has {queries.Width} columns; the gallery has {Dimension}.", nameof(queries));
        if (nearest.Height != queries.Height || (queries.Height > 0 && nearest.Width != k))
            throw new ArgumentException($"'nearest' is [{nearest.Height}, {nearest.Width}]; it must be [{queries.Height}, {k}].", nameof(nearest));
        cancellationToken.ThrowIfCancellationRequested();
        return queries.Height == 0 ? Math.Min(k, Count) : _search.Run(queries, k, nearest, cancellationToken);
    }

    /// <summary>
    /// The nearest rows of one query among those of the cells whose centres are nearest to it (an inverted file). Distances are exact; a nearer row of another cell is missed.
    /// </summary>
    /// <param name="query">The query, <c>[D]</c>, finite.</param>
    /// <param name="probes">How many cells to look into, at least 1. With all of them the answer is exact.</param>
    /// <param name="nearest">Receives them, nearest first; places for which the cells have no row receive <see cref="Neighbor.None"/>.</param>
    /// <returns>How many were found.</returns>
    /// <exception cref="InvalidOperationException">The index was not built with <see cref="SearchFilter.Cells"/>.</exception>
    /// <inheritdoc cref="Search" path="/exception"/>
    public int SearchApproximately(ReadOnlySpan<float> query, int probes, Span<Neighbor> nearest)
    {
        Check(query, nearest);
        ArgumentOutOfRangeException.ThrowIfLessThan(probes, 1);
        if (CellCount == 0)
            throw new InvalidOperationException("The index has no cells; build it with SearchFilter.Cells.");
        if (nearest.IsEmpty)
            return 0;
        _search.RunApproximately(
            ReadOnlySpan2D<float>.DangerousCreate(in query[0], 1, Dimension, 0), nearest.Length, probes, Span2D<Neighbor>.DangerousCreate(ref nearest[0], 1, nearest.Length, 0), CancellationToken.None);
        int found = nearest.Length;
        while (found > 0 && nearest[found - 1].Row < 0)
            found--;
        return found;
    }

    /// <summary>Frees the working memory, the companion and the copy, and unpins the rows. No call may be running.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _search.Dispose();
        _pin.Dispose();
        _owned?.Dispose();
        GC.KeepAlive(_keptAlive);
    }

    private void Check(ReadOnlySpan<float> query, Span<Neighbor> nearest)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (query.Length != Dimension)
            throw new ArgumentException($"'query' has {query.Length} components; the gallery has {Dimension}.", nameof(query));
        if (nearest.Length > LargestK)
            throw new ArgumentException($"'nearest' has room for {nearest.Length} neighbours; at most {LargestK} can be asked for.", nameof(nearest));
    }

    private static CpuSearch Build(ReadOnlySpan2D<float> rows, FlatIndexOptions? options, PinnedMatrix? owned, MemoryHandle pin)
    {
        try
        {
            options ??= new FlatIndexOptions();
            if (rows.Height == 0 || rows.Width == 0)
                throw new ArgumentException($"'rows' has {rows.Height} rows and {rows.Width} columns; it needs at least one of each.", nameof(rows));
            if (options.Threads < 0)
                throw new ArgumentException($"'Threads' is {options.Threads}; use 0 for every processor.", nameof(options));
            if (!Enum.IsDefined(options.Metric))
                throw new ArgumentException($"'Metric' is {options.Metric}, which does not exist.", nameof(options));
            if (!Enum.IsDefined(options.Filter))
                throw new ArgumentException($"'Filter' is {options.Filter}, which does not exist.", nameof(options));
            if (options.Cells is < 0 or > CellShape.LargestCells)
                throw new ArgumentException($"'Cells' is {options.Cells}; it must be between 0 and {CellShape.LargestCells}.", nameof(options));
            return new CpuSearch(rows, options);
        }
        catch
        {
            pin.Dispose();
            owned?.Dispose();
            throw;
        }
    }
}
