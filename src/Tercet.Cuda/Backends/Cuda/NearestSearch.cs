using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Backends.Cuda;

/// <summary>A prepared gallery on the device, and searches of it, a chunk of queries at a time; one call at a time.</summary>
internal sealed class NearestSearch : IDisposable
{
    // Queries at a time: 35 MB of working memory.
    private const int LargestChunk = 1 << 15;

    private readonly CudaBackend _backend;
    private readonly ICudaDriver _driver;
    private readonly CudaKernels _kernels;
    private readonly DeviceRows _gallery;
    private readonly DeviceRows _queries;
    private readonly NearestPass _pass;
    private readonly Staging _staging;
    private readonly PinnedBuffer<uint> _firstBad;
    private readonly nint _stream;
    private readonly Lock _lock = new();
    private PinnedBuffer<int> _order;
    private bool _disposed;

    private NearestSearch(CudaBackend backend, DistanceMetric metric)
    {
        (_backend, _driver, _kernels, Metric) = (backend, backend.Driver, backend.KernelsOf(metric), metric);
        _gallery = new DeviceRows(_driver);
        _queries = new DeviceRows(_driver);
        _pass = new NearestPass(_driver, backend.PageLocked);
        _firstBad = new PinnedBuffer<uint>(1, backend.PageLocked);
        _staging = new Staging(_driver, backend.PageLocked);
        _order = new PinnedBuffer<int>(1, backend.PageLocked);
        _stream = _driver.CreateStream();
    }

    public int Count { get; private set; }

    public int Dimension { get; private set; }

    public DistanceMetric Metric { get; }

    /// <summary>Copies and prepares a gallery, whose rows stay pinned until this returns.</summary>
    public static NearestSearch Open(CudaBackend backend, HostRows gallery, DistanceMetric metric)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (gallery.Count == 0 || gallery.Depth == 0)
            throw new ArgumentException($"'gallery' has {gallery.Count} rows and {gallery.Depth} columns; it needs at least one of each.", nameof(gallery));
        if (!EnumValues<DistanceMetric>.Contain(metric))
            throw new ArgumentException($"'metric' is {metric}, which does not exist.", nameof(metric));
        backend.Enter();
        NearestSearch search = new(backend, metric);
        try
        {
            search.Load(gallery);
            return search;
        }
        catch (Exception exception)
        {
            search.GiveUp(exception);
            throw;
        }
    }

    /// <summary>Searches; the queries stay pinned until this returns.</summary>
    public int Run(HostRows queries, int k, Span2D<Neighbor> nearest, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(k, CudaPlan.MostNearest);
        if (queries.Count > 0 && queries.Depth != Dimension)
            throw new ArgumentException($"'queries' has {queries.Depth} columns; the gallery has {Dimension}.", nameof(queries));
        if (nearest.Height != queries.Count || (queries.Count > 0 && nearest.Width != k))
            throw new ArgumentException($"'nearest' is [{nearest.Height}, {nearest.Width}]; it must be [{queries.Count}, {k}].", nameof(nearest));
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(CudaIndex));
            _backend.Enter();
            try
            {
                RunChunks(queries, k, nearest, cancellationToken);
            }
            catch (CudaException exception)
            {
                _backend.Note(exception);
                throw;
            }
        }

        return Math.Min(k, Count);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        // A lost context takes its memory along, and answers nothing.
        if (!_backend.TryEnter() || !HasCome())
            return;
        _gallery.Dispose();
        _queries.Dispose();
        _pass.Dispose();
        _firstBad.Dispose();
        _staging.Dispose();
        _order.Dispose();
        _driver.DestroyStream(_stream);
    }

    private void Load(HostRows rows)
    {
        (Count, Dimension) = (rows.Count, rows.Depth);
        Prepare(_gallery, rows);
        _driver.Synchronize(_stream);
        _staging.Forget();
        RequireSound(_gallery, "gallery", 0);
    }

    private void RunChunks(HostRows queries, int k, Span2D<Neighbor> nearest, CancellationToken cancellationToken)
    {
        int chunk = LargestChunk;
        for (int first = 0; first < queries.Count;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(chunk, queries.Count - first);
            try
            {
                Prepare(_queries, queries.Slice(first, count));
                _pass.Begin(_queries, _gallery, Tolerance, k, _kernels, _stream);
            }
            catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory && count > CudaPlan.PanelRows)
            {
                chunk = Math.Max(CudaPlan.PanelRows, count / 2);
                continue;
            }
            finally
            {
                // Also where the device refused: nothing may read the queries once this returns.
                _driver.Synchronize(_stream);
                _staging.Forget();
            }

            RequireSound(_queries, "queries", first);
            Decode(_pass.Keys, _pass.Rows, nearest.Slice(first, 0, count, k));
            first += count;
        }
    }

    private ToleranceBound Tolerance => new()
    {
        Largest = _gallery.Largest,
        Slope = _kernels.UsesTensorCores ? CudaPlan.TensorCoreSlope(Dimension) : CudaPlan.ToleranceSlope(Dimension),
        Constant = CudaPlan.ToleranceConstant(Dimension),
    };

    private void Prepare(DeviceRows side, HostRows rows)
    {
        side.Bring(rows, _staging, _backend.PageLocked, _kernels, _stream);
        PinnedBuffer.Grow(ref _order, rows.Count, _backend.PageLocked);
        for (int row = 0; row < rows.Count; row++)
            _order.Span[row] = row;
        side.Prepare(side, side, _order, rows.Count, rows.Depth, _kernels.Prepare, _stream);
        if (_kernels.UsesTensorCores)
            side.PrepareHalves(_kernels.PrepareHalves, _stream);
        _driver.CopyToHost(_firstBad.DangerousGetAddress(), side.FirstBad, sizeof(uint), _stream);
    }

    private void RequireSound(DeviceRows side, string name, int first)
    {
        int bad = (int)~_firstBad.Span[0];
        if (bad >= 0)
            RowMoments.ThrowForRow(side.FetchRow(bad, Dimension, _backend.PageLocked, _stream), first + bad, name);
    }

    private void Decode(ReadOnlySpan<double> keys, ReadOnlySpan<int> rows, Span2D<Neighbor> nearest)
    {
        for (int query = 0, i = 0; query < nearest.Height; query++)
        {
            foreach (ref Neighbor neighbor in nearest.GetRowSpan(query))
            {
                neighbor = rows[i] < 0 ? Neighbor.None : new Neighbor(rows[i], (float)MetricKey.ToValue(Metric, keys[i]));
                i++;
            }
        }
    }

    // Where loading failed, what has been begun may still be under way.
    private bool HasCome()
    {
        try
        {
            _driver.Synchronize(_stream);
        }
        catch (CudaException exception)
        {
            _backend.Note(exception);
            return !exception.IsFatal;
        }

        return true;
    }

    private void GiveUp(Exception exception)
    {
        if (exception is CudaException failure)
            _backend.Note(failure);
        Dispose();
    }
}
