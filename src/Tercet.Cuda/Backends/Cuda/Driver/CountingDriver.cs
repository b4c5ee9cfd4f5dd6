namespace Tercet.Backends.Cuda.Driver;

/// <summary>A driver whose copies are counted; everything else goes through as it is.</summary>
internal sealed class CountingDriver(ICudaDriver driver) : ForwardingDriver(driver)
{
    private readonly Dictionary<nint, CudaCopies> _captured = [];
    private readonly Dictionary<nint, CudaCopies> _graphs = [];
    private readonly Lock _lock = new();
    private int _captures;
    private long _toDevice;
    private long _bytesToDevice;
    private long _toHost;
    private long _bytesToHost;

    /// <summary>What has been copied so far.</summary>
    public CudaCopies Copies => new(Volatile.Read(ref _toDevice), Volatile.Read(ref _bytesToDevice), Volatile.Read(ref _toHost), Volatile.Read(ref _bytesToHost));

    /// <inheritdoc/>
    public override void CopyToDevice(nint device, nint host, long bytes, nint stream)
    {
        Below.CopyToDevice(device, host, bytes, stream);
        Count(new CudaCopies(1, bytes, 0, 0), stream);
    }

    /// <inheritdoc/>
    public override void CopyToHost(nint host, nint device, long bytes, nint stream)
    {
        Below.CopyToHost(host, device, bytes, stream);
        Count(new CudaCopies(0, 0, 1, bytes), stream);
    }

    /// <inheritdoc/>
    public override void BeginCapture(nint stream)
    {
        Below.BeginCapture(stream);
        lock (_lock)
            _captured.Add(stream, default);
        Interlocked.Increment(ref _captures);
    }

    /// <inheritdoc/>
    public override nint EndCapture(nint stream)
    {
        CudaCopies copies;
        lock (_lock)
            _captured.Remove(stream, out copies);
        Interlocked.Decrement(ref _captures);
        nint graph = Below.EndCapture(stream);
        lock (_lock)
            _graphs[graph] = copies;
        return graph;
    }

    /// <inheritdoc/>
    public override void LaunchGraph(nint graph, nint stream)
    {
        Below.LaunchGraph(graph, stream);
        lock (_lock)
            Add(_graphs[graph]);
    }

    /// <inheritdoc/>
    public override void DestroyGraph(nint graph)
    {
        lock (_lock)
            _graphs.Remove(graph);
        Below.DestroyGraph(graph);
    }

    /// <inheritdoc/>
    public override void Dispose() => Below.Dispose();

    // A copy that is being captured is none yet.
    private void Count(CudaCopies copies, nint stream)
    {
        if (Volatile.Read(ref _captures) > 0)
        {
            lock (_lock)
            {
                if (_captured.TryGetValue(stream, out CudaCopies earlier))
                {
                    _captured[stream] = earlier + copies;
                    return;
                }
            }
        }

        Add(copies);
    }

    private void Add(CudaCopies copies)
    {
        Interlocked.Add(ref _toDevice, copies.ToDevice);
        Interlocked.Add(ref _bytesToDevice, copies.BytesToDevice);
        Interlocked.Add(ref _toHost, copies.ToHost);
        Interlocked.Add(ref _bytesToHost, copies.BytesToHost);
    }
}
