using Tercet.Backends.Cuda.Driver;

namespace Tercet.Tests.Cuda;

/// <summary>
/// A driver whose streams do nothing until somebody waits for them, and then no more than that takes: work on one stream that another was not told to follow is not done in time
/// for it. Keeps a trace of calls as they come (<c>copy 1</c>) and of work as it is done (<c>done copy 1</c>), by number of stream.
/// </summary>
internal sealed unsafe class DeferringDriver(SimulatedDriver driver) : ForwardingDriver(driver)
{
    private readonly Dictionary<nint, Queue<(string Name, Action Do)>> _streams = [];
    private readonly Dictionary<nint, (nint Stream, int Mark)> _markers = [];
    private readonly Dictionary<nint, int> _passed = [];
    private readonly List<nint> _numbers = [];
    private int _marks;

    public List<string> Trace { get; } = [];

    public override void CopyToDevice(nint device, nint host, long bytes, nint stream) => Add("copy", stream, () => Below.CopyToDevice(device, host, bytes, stream));

    public override void CopyToHost(nint host, nint device, long bytes, nint stream) => Add("back", stream, () => Below.CopyToHost(host, device, bytes, stream));

    public override void Fill(nint device, uint value, long count, nint stream) => Add("fill", stream, () => Below.Fill(device, value, count, stream));

    public override void Launch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        string name = driver.NameOf(function);
        byte[] copy = new Span<byte>((void*)parameters, (int)SimulatedDriver.ParameterBytes(name)).ToArray();
        Add(name, stream, () =>
        {
            fixed (byte* first = copy)
                Below.Launch(function, grid, (nint)first, stream);
        });
    }

    public override void Record(nint marker, nint stream)
    {
        int mark = ++_marks;
        _markers[marker] = (stream, mark);
        Add("mark", stream, () => _passed[stream] = mark);
    }

    public override void Follow(nint stream, nint marker)
    {
        if (_markers.TryGetValue(marker, out (nint Stream, int Mark) place))
            Add("follow", stream, () => RunUntil(place.Stream, place.Mark));
    }

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

    private void Add(string name, nint stream, Action work)
    {
        if (!_streams.TryGetValue(stream, out Queue<(string Name, Action Do)>? queue))
        {
            _streams.Add(stream, queue = new());
            _numbers.Add(stream);
        }

        name = $"{name} {_numbers.IndexOf(stream)}";
        Trace.Add(name);
        queue.Enqueue((name, work));
    }

    private void RunUntil(nint stream, int mark)
    {
        if (!_streams.TryGetValue(stream, out Queue<(string Name, Action Do)>? queue))
            return;
        while (_passed.GetValueOrDefault(stream) < mark && queue.TryDequeue(out (string Name, Action Do) work))
        {
            work.Do();
            Trace.Add($"done {work.Name}");
        }
    }
}
