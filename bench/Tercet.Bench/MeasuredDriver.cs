using Tercet.Backends.Cuda.Driver;

namespace Tercet.Bench;

/// <summary>A driver that times every kernel with the device's own events, after the device's cache has been emptied, and knows the most memory held.</summary>
internal sealed class MeasuredDriver(ICudaDriver driver) : ICudaDriver
{
    // More than any card's second-level cache.
    private const long FlushBytes = 256L << 20;

    private readonly Dictionary<nint, long> _blocks = [];
    private readonly Dictionary<nint, string> _names = [];
    private readonly List<(string Kernel, nint Start, nint End)> _launches = [];
    private readonly Stack<nint> _events = new();
    private nint _flush;
    private long _held;
    private bool _isCapturing;

    public CudaDevice Device => driver.Device;

    /// <summary>The most bytes of device memory held so far, without what this class uses itself.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Milliseconds from the first kernel's start to the last one's end since the last call, and of each kernel alone.</summary>
    public (double Total, IReadOnlyDictionary<string, double> Kernels) Take()
    {
        if (_launches.Count == 0)
            return (0, new Dictionary<string, double>());
        driver.Wait(_launches[^1].End);
        double total = driver.ElapsedMilliseconds(_launches[0].Start, _launches[^1].End);
        Dictionary<string, double> kernels = [];
        foreach ((string kernel, nint start, nint end) in _launches)
        {
            kernels[kernel] = kernels.GetValueOrDefault(kernel) + driver.ElapsedMilliseconds(start, end);
            _events.Push(start);
            _events.Push(end);
        }

        _launches.Clear();
        return (total, kernels);
    }

    public void Launch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        nint start = _isCapturing ? 0 : Begin(stream);
        driver.Launch(function, grid, parameters, stream);
        if (start != 0)
            End(_names[function], start, stream);
    }

    public void BeginCapture(nint stream)
    {
        _isCapturing = true;
        driver.BeginCapture(stream);
    }

    public nint EndCapture(nint stream)
    {
        _isCapturing = false;
        return driver.EndCapture(stream);
    }

    public void LaunchGraph(nint graph, nint stream)
    {
        nint start = Begin(stream);
        driver.LaunchGraph(graph, stream);
        End("graph of all kernels, with its copies,", start, stream);
    }

    public void DestroyGraph(nint graph) => driver.DestroyGraph(graph);

    public nint GetFunction(nint module, string name)
    {
        nint function = driver.GetFunction(module, name);
        _names[function] = name;
        return function;
    }

    public nint AllocateDevice(long bytes)
    {
        nint address = driver.AllocateDevice(bytes);
        _blocks.Add(address, bytes);
        _held += bytes;
        PeakBytes = Math.Max(PeakBytes, _held);
        return address;
    }

    public void FreeDevice(nint address)
    {
        if (_blocks.Remove(address, out long bytes))
            _held -= bytes;
        driver.FreeDevice(address);
    }

    public void Enter() => driver.Enter();

    public nint LoadModule(byte[] image) => driver.LoadModule(image);

    public void UnloadModule(nint module) => driver.UnloadModule(module);

    public int BlocksPerMultiprocessor(nint function, int threads) => driver.BlocksPerMultiprocessor(function, threads);

    public nint AllocateHost(nuint bytes) => driver.AllocateHost(bytes);

    public void FreeHost(nint address) => driver.FreeHost(address);

    public nint CreateStream() => driver.CreateStream();

    public void DestroyStream(nint stream) => driver.DestroyStream(stream);

    public void Synchronize(nint stream) => driver.Synchronize(stream);

    public nint CreateEvent() => driver.CreateEvent();

    public void DestroyEvent(nint marker) => driver.DestroyEvent(marker);

    public void Record(nint marker, nint stream) => driver.Record(marker, stream);

    public void Wait(nint marker) => driver.Wait(marker);

    public float ElapsedMilliseconds(nint start, nint end) => driver.ElapsedMilliseconds(start, end);

    public void CopyToDevice(nint device, nint host, long bytes, nint stream) => driver.CopyToDevice(device, host, bytes, stream);

    public void CopyToHost(nint host, nint device, long bytes, nint stream) => driver.CopyToHost(host, device, bytes, stream);

    public void Fill(nint device, uint value, long count, nint stream) => driver.Fill(device, value, count, stream);

    public void Dispose()
    {
        driver.Enter();
        if (_flush != 0)
            driver.FreeDevice(_flush);
        while (_events.TryPop(out nint marker))
            driver.DestroyEvent(marker);
        driver.Dispose();
    }

    private nint Begin(nint stream)
    {
        if (_launches.Count == 0)
        {
            if (_flush == 0)
                _flush = driver.AllocateDevice(FlushBytes);
            driver.Fill(_flush, 0, FlushBytes / sizeof(uint), stream);
        }

        nint start = Event();
        driver.Record(start, stream);
        return start;
    }

    private void End(string kernel, nint start, nint stream)
    {
        nint end = Event();
        driver.Record(end, stream);
        _launches.Add((kernel, start, end));
    }

    private nint Event() => _events.TryPop(out nint marker) ? marker : driver.CreateEvent();
}
