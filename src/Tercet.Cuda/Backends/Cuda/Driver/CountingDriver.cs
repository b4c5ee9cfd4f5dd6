namespace Tercet.Backends.Cuda.Driver;

/// <summary>A driver whose copies are counted; everything else goes through as it is.</summary>
internal sealed class CountingDriver(ICudaDriver driver) : ICudaDriver
{
    private readonly Dictionary<nint, CudaCopies> _captured = [];
    private readonly Dictionary<nint, CudaCopies> _graphs = [];
    private readonly Lock _lock = new();
    private int _captures;
    private long _toDevice;
    private long _bytesToDevice;
    private long _toHost;
    private long _bytesToHost;

    /// <inheritdoc/>
    public CudaDevice Device => driver.Device;

    /// <summary>What has been copied so far.</summary>
    public CudaCopies Copies => new(Volatile.Read(ref _toDevice), Volatile.Read(ref _bytesToDevice), Volatile.Read(ref _toHost), Volatile.Read(ref _bytesToHost));

    /// <inheritdoc/>
    public void CopyToDevice(nint device, nint host, long bytes, nint stream)
    {
        driver.CopyToDevice(device, host, bytes, stream);
        Count(new CudaCopies(1, bytes, 0, 0), stream);
    }

    /// <inheritdoc/>
    public void CopyToHost(nint host, nint device, long bytes, nint stream)
    {
        driver.CopyToHost(host, device, bytes, stream);
        Count(new CudaCopies(0, 0, 1, bytes), stream);
    }

    /// <inheritdoc/>
    public void BeginCapture(nint stream)
    {
        driver.BeginCapture(stream);
        lock (_lock)
            _captured.Add(stream, default);
        Interlocked.Increment(ref _captures);
    }

    /// <inheritdoc/>
    public nint EndCapture(nint stream)
    {
        CudaCopies copies;
        lock (_lock)
            _captured.Remove(stream, out copies);
        Interlocked.Decrement(ref _captures);
        nint graph = driver.EndCapture(stream);
        lock (_lock)
            _graphs[graph] = copies;
        return graph;
    }

    /// <inheritdoc/>
    public void LaunchGraph(nint graph, nint stream)
    {
        driver.LaunchGraph(graph, stream);
        lock (_lock)
            Add(_graphs[graph]);
    }

    /// <inheritdoc/>
    public void DestroyGraph(nint graph)
    {
        lock (_lock)
            _graphs.Remove(graph);
        driver.DestroyGraph(graph);
    }

    /// <inheritdoc/>
    public void Enter() => driver.Enter();

    /// <inheritdoc/>
    public nint LoadModule(byte[] image) => driver.LoadModule(image);

    /// <inheritdoc/>
    public void UnloadModule(nint module) => driver.UnloadModule(module);

    /// <inheritdoc/>
    public nint GetFunction(nint module, string name) => driver.GetFunction(module, name);

    /// <inheritdoc/>
    public int BlocksPerMultiprocessor(nint function, int threads) => driver.BlocksPerMultiprocessor(function, threads);

    /// <inheritdoc/>
    public nint AllocateDevice(long bytes) => driver.AllocateDevice(bytes);

    /// <inheritdoc/>
    public void FreeDevice(nint address) => driver.FreeDevice(address);

    /// <inheritdoc/>
    public nint AllocateHost(nuint bytes) => driver.AllocateHost(bytes);

    /// <inheritdoc/>
    public void FreeHost(nint address) => driver.FreeHost(address);

    /// <inheritdoc/>
    public nint CreateStream() => driver.CreateStream();

    /// <inheritdoc/>
    public void DestroyStream(nint stream) => driver.DestroyStream(stream);

    /// <inheritdoc/>
    public void Synchronize(nint stream) => driver.Synchronize(stream);

    /// <inheritdoc/>
    public nint CreateEvent() => driver.CreateEvent();

    /// <inheritdoc/>
    public void DestroyEvent(nint marker) => driver.DestroyEvent(marker);

    /// <inheritdoc/>
    public void Record(nint marker, nint stream) => driver.Record(marker, stream);

    /// <inheritdoc/>
    public void Wait(nint marker) => driver.Wait(marker);

    /// <inheritdoc/>
    public float ElapsedMilliseconds(nint start, nint end) => driver.ElapsedMilliseconds(start, end);

    /// <inheritdoc/>
    public void Fill(nint device, uint value, long count, nint stream) => driver.Fill(device, value, count, stream);

    /// <inheritdoc/>
    public void Launch(nint function, LaunchGrid grid, nint parameters, nint stream) => driver.Launch(function, grid, parameters, stream);

    /// <inheritdoc/>
    public void Dispose() => driver.Dispose();

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
