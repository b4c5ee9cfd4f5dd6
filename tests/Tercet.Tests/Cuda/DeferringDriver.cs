using System.Runtime.InteropServices;
using Tercet.Backends.Cuda.Driver;

namespace Tercet.Tests.Cuda;

/// <summary>
/// A driver whose streams do nothing until somebody waits for them, and then no more than that takes: work on one stream that another was not told to follow is not done in time
/// for it. Memory that work yet to be done uses may not be freed. Keeps a trace of calls as they come (<c>copy 1</c>) and of work as it is done (<c>done copy 1</c>), by number of stream.
/// </summary>
internal sealed unsafe class DeferringDriver(SimulatedDriver driver) : ForwardingDriver(driver)
{
    private readonly Dictionary<nint, Queue<StreamWork>> _streams = [];
    private readonly Dictionary<nint, (nint Stream, int Mark)> _markers = [];
    private readonly Dictionary<nint, int> _passed = [];
    private readonly List<nint> _numbers = [];
    private readonly Dictionary<nint, long> _blocks = [];
    private readonly Dictionary<nint, List<StreamWork>> _captured = [];
    private readonly Dictionary<nint, List<StreamWork>> _graphs = [];
    private int _marks;

    public List<string> Trace { get; } = [];

    /// <summary>Graphs launched.</summary>
    public int GraphLaunches { get; private set; }

    public override nint AllocateDevice(long bytes)
    {
        nint address = Below.AllocateDevice(bytes);
        _blocks.Add(address, bytes);
        return address;
    }

    public override void FreeDevice(nint address)
    {
        Forget(address);
        Below.FreeDevice(address);
    }

    public override nint AllocateHost(nuint bytes)
    {
        nint address = Below.AllocateHost(bytes);
        _blocks.Add(address, (long)bytes);
        return address;
    }

    public override void FreeHost(nint address)
    {
        Forget(address);
        Below.FreeHost(address);
    }

    public override void CopyToDevice(nint device, nint host, long bytes, nint stream) => Add("copy", stream, [device, host], () => Below.CopyToDevice(device, host, bytes, stream));

    public override void CopyToHost(nint host, nint device, long bytes, nint stream) => Add("back", stream, [device, host], () => Below.CopyToHost(host, device, bytes, stream));

    public override void Fill(nint device, uint value, long count, nint stream) => Add("fill", stream, [device], () => Below.Fill(device, value, count, stream));

    public override void Launch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        string name = driver.NameOf(function);
        byte[] copy = new Span<byte>((void*)parameters, (int)SimulatedDriver.ParameterBytes(name)).ToArray();
        Add(name, stream, MemoryMarshal.Cast<byte, nint>(copy).ToArray(), () =>
        {
            fixed (byte* first = copy)
                Below.Launch(function, grid, (nint)first, stream);
        });
    }

    public override void Record(nint marker, nint stream)
    {
        int mark = ++_marks;
        _markers[marker] = (stream, mark);
        Add("mark", stream, [], () => _passed[stream] = mark);
    }

    public override void Follow(nint stream, nint marker)
    {
        if (_markers.TryGetValue(marker, out (nint Stream, int Mark) place))
            Add("follow", stream, [], () => RunUntil(place.Stream, place.Mark));
    }

    public override void BeginCapture(nint stream) => _captured.Add(stream, []);

    public override nint EndCapture(nint stream)
    {
        _captured.Remove(stream, out List<StreamWork>? calls);
        _graphs.Add(++_marks, calls!);
        return _marks;
    }

    public override void LaunchGraph(nint graph, nint stream)
    {
        GraphLaunches++;
        foreach (StreamWork work in _graphs[graph])
            Add(work, stream);
    }

    public override void DestroyGraph(nint graph) => _graphs.Remove(graph);

    public override void Wait(nint marker)
    {
        Trace.Add("host waits");
        if (_markers.TryGetValue(marker, out (nint Stream, int Mark) place))
            RunUntil(place.Stream, place.Mark);
        Below.Wait(marker);
    }

    public override void Synchronize(nint stream)
    {
        Trace.Add("host waits");
        RunUntil(stream, int.MaxValue);
        Below.Synchronize(stream);
    }

    public override void Dispose() => Below.Dispose();

    // Numbers that are no addresses lie in no block.
    private void Add(string name, nint stream, nint[] addresses, Action work)
    {
        if (!_numbers.Contains(stream))
            _numbers.Add(stream);
        StreamWork each = new($"{name} {_numbers.IndexOf(stream)}", addresses, work);
        if (_captured.TryGetValue(stream, out List<StreamWork>? calls))
            calls.Add(each);
        else
            Add(each, stream);
    }

    private void Add(StreamWork work, nint stream)
    {
        if (!_streams.TryGetValue(stream, out Queue<StreamWork>? queue))
            _streams.Add(stream, queue = new());
        Trace.Add(work.Name);
        queue.Enqueue(work);
    }

    private void Forget(nint address)
    {
        if (!_blocks.Remove(address, out long bytes))
            return;
        foreach (StreamWork work in _streams.Values.SelectMany(queue => queue))
        {
            if (work.Addresses.Any(each => each >= address && each < address + bytes))
                Assert.Fail($"{bytes} bytes were freed that {work.Name} has yet to use");
        }
    }

    private void RunUntil(nint stream, int mark)
    {
        if (!_streams.TryGetValue(stream, out Queue<StreamWork>? queue))
            return;
        while (_passed.GetValueOrDefault(stream) < mark && queue.TryDequeue(out StreamWork? work))
        {
            work.Do();
            Trace.Add($"done {work.Name}");
        }
    }

    private sealed record StreamWork(string Name, nint[] Addresses, Action Do);
}
