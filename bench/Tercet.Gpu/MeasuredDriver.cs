using Tercet.Backends.Cuda.Driver;

namespace Tercet.Gpu;

/// <summary>A driver that times every kernel with the device's own events, after the device's cache has been emptied, and knows the most memory held.</summary>
internal sealed class MeasuredDriver(ICudaDriver driver) : ForwardingDriver(driver)
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

    /// <summary>Whether kernels are timed, and the cache is emptied for it.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>The most bytes of device memory held so far, without what this class uses itself.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Milliseconds from the first kernel's start to the last one's end since the last call, and of each kernel alone.</summary>
    public (double Total, IReadOnlyDictionary<string, double> Kernels) Take()
    {
        if (_launches.Count == 0)
            return (0, new Dictionary<string, double>());
        Below.Wait(_launches[^1].End);
        double total = Below.ElapsedMilliseconds(_launches[0].Start, _launches[^1].End);
        Dictionary<string, double> kernels = [];
        foreach ((string kernel, nint start, nint end) in _launches)
        {
            kernels[kernel] = kernels.GetValueOrDefault(kernel) + Below.ElapsedMilliseconds(start, end);
            _events.Push(start);
            _events.Push(end);
        }

        _launches.Clear();
        return (total, kernels);
    }

    public override void Launch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        nint start = _isCapturing || !IsOn ? 0 : Begin(stream);
        Below.Launch(function, grid, parameters, stream);
        if (start != 0)
            End(_names[function], start, stream);
    }

    public override void BeginCapture(nint stream)
    {
        _isCapturing = true;
        Below.BeginCapture(stream);
    }

    public override nint EndCapture(nint stream)
    {
        _isCapturing = false;
        return Below.EndCapture(stream);
    }

    public override void LaunchGraph(nint graph, nint stream)
    {
        nint start = IsOn ? Begin(stream) : 0;
        Below.LaunchGraph(graph, stream);
        if (start != 0)
            End("graph of all kernels, with its copies,", start, stream);
    }

    public override nint GetFunction(nint module, string name)
    {
        nint function = Below.GetFunction(module, name);
        _names[function] = name;
        return function;
    }

    public override nint AllocateDevice(long bytes)
    {
        nint address = Below.AllocateDevice(bytes);
        _blocks.Add(address, bytes);
        _held += bytes;
        PeakBytes = Math.Max(PeakBytes, _held);
        return address;
    }

    public override void FreeDevice(nint address)
    {
        if (_blocks.Remove(address, out long bytes))
            _held -= bytes;
        Below.FreeDevice(address);
    }

    public override void Dispose()
    {
        Below.Enter();
        if (_flush != 0)
            Below.FreeDevice(_flush);
        while (_events.TryPop(out nint marker))
            Below.DestroyEvent(marker);
        Below.Dispose();
    }

    private nint Begin(nint stream)
    {
        if (_launches.Count == 0)
        {
            if (_flush == 0)
                _flush = Below.AllocateDevice(FlushBytes);
            Below.Fill(_flush, 0, FlushBytes / sizeof(uint), stream);
        }

        nint start = Event();
        Below.Record(start, stream);
        return start;
    }

    private void End(string kernel, nint start, nint stream)
    {
        nint end = Event();
        Below.Record(end, stream);
        _launches.Add((kernel, start, end));
    }

    private nint Event() => _events.TryPop(out nint marker) ? marker : Below.CreateEvent();
}
