using System.Runtime.InteropServices;

namespace Tercet.Backends.Cuda.Driver;

/// <summary>
/// A driver for one session whose calls on a stream are held back until somebody waits. A sequence that comes a second time is captured as a graph,
/// and from then on launched by one call: what a small batch needs, whose kernels take less time than ten calls of the driver do. The last two are remembered,
/// so that batches that come from two places in turn are graphs too; any other sequence is done call by call, as it came. One thread at a time.
/// </summary>
/// <param name="driver">The driver below.</param>
/// <param name="parameterBytes">Bytes of each kernel's parameter struct; calls of a kernel that is not among them are done at once.</param>
internal sealed unsafe class GraphDriver(ICudaDriver driver, IReadOnlyDictionary<nint, int> parameterBytes) : ForwardingDriver(driver)
{
    private readonly HeldSequence _pending = new();
    private HeldSequence _last = new();
    private HeldSequence _lastButOne = new();
    private nint _stream;

    /// <summary>Whether calls are held back; set before the first call of a sequence.</summary>
    public bool IsHolding { get; set; }

    /// <inheritdoc/>
    public override void CopyToDevice(nint device, nint host, long bytes, nint stream)
    {
        if (Holds(stream))
            _pending.Calls.Add(new StreamCall(StreamCallKind.ToDevice, device, host, bytes, 0, default));
        else
            Below.CopyToDevice(device, host, bytes, stream);
    }

    /// <inheritdoc/>
    public override void CopyToHost(nint host, nint device, long bytes, nint stream)
    {
        if (Holds(stream))
            _pending.Calls.Add(new StreamCall(StreamCallKind.ToHost, host, device, bytes, 0, default));
        else
            Below.CopyToHost(host, device, bytes, stream);
    }

    /// <inheritdoc/>
    public override void Fill(nint device, uint value, long count, nint stream)
    {
        if (Holds(stream))
            _pending.Calls.Add(new StreamCall(StreamCallKind.Fill, device, 0, count, value, default));
        else
            Below.Fill(device, value, count, stream);
    }

    /// <inheritdoc/>
    // SAFETY: a kernel's parameters are a struct of the size that its function is known with; the caller's lives until the call returns.
    public override void Launch(nint function, LaunchGrid grid, nint parameters, nint stream)
    {
        if (parameterBytes.TryGetValue(function, out int bytes) && Holds(stream))
        {
            List<byte> held = _pending.Parameters;
            int start = held.Count;
            _pending.Calls.Add(new StreamCall(StreamCallKind.Launch, function, 0, bytes, (uint)start, grid));
            CollectionsMarshal.SetCount(held, start + ((bytes + 15) & ~15));
            Span<byte> block = CollectionsMarshal.AsSpan(held)[start..];
            new ReadOnlySpan<byte>((void*)parameters, bytes).CopyTo(block);
            block[bytes..].Clear();
            return;
        }

        Flush();
        Below.Launch(function, grid, parameters, stream);
    }

    /// <inheritdoc/>
    public override void Synchronize(nint stream)
    {
        Flush();
        Below.Synchronize(stream);
    }

    /// <inheritdoc/>
    public override void Record(nint marker, nint stream)
    {
        Flush();
        Below.Record(marker, stream);
    }

    /// <inheritdoc/>
    public override void Wait(nint marker)
    {
        Flush();
        Below.Wait(marker);
    }

    /// <inheritdoc/>
    // Done at once, and so before what comes to be held back: a graph cannot hold what another stream has marked.
    public override void Follow(nint stream, nint marker)
    {
        Flush();
        Below.Follow(stream, marker);
    }

    /// <inheritdoc/>
    public override void FreeDevice(nint address)
    {
        Flush();
        Below.FreeDevice(address);
    }

    /// <summary>Forgets what is held back: what its calls refer to may be gone.</summary>
    public void Drop() => _pending.Clear();

    /// <summary>Gives the graphs back; the driver below is not this one's.</summary>
    public override void Dispose()
    {
        Destroy(_last);
        Destroy(_lastButOne);
    }

    private bool Holds(nint stream)
    {
        if (!IsHolding || (_pending.Calls.Count > 0 && stream != _stream))
        {
            Flush();
            return false;
        }

        _stream = stream;
        return true;
    }

    private void Flush()
    {
        if (_pending.Calls.Count == 0)
            return;
        if (!_pending.IsSameAs(_last))
            (_last, _lastButOne) = (_lastButOne, _last);
        bool isKnown = _pending.IsSameAs(_last);
        if (isKnown && _last is { Graph: 0, IsRefused: false })
            Capture();
        if (isKnown && _last.Graph != 0)
        {
            Below.LaunchGraph(_last.Graph, _stream);
        }
        else
        {
            if (!isKnown)
                Remember();
            Replay();
        }

        Drop();
    }

    // A sequence that cannot be captured is no worse off than any other.
    private void Capture()
    {
        try
        {
            Below.BeginCapture(_stream);
            try
            {
                Replay();
            }
            finally
            {
                // Also where a call failed: the stream must do things again.
                _last.Graph = Below.EndCapture(_stream);
            }
        }
        catch (CudaException exception) when (!exception.IsFatal)
        {
            Destroy(_last);
            _last.IsRefused = true;
        }
    }

    // In place of the older of the two.
    private void Remember()
    {
        Destroy(_last);
        _last.Take(_pending);
    }

    private void Destroy(HeldSequence sequence)
    {
        if (sequence.Graph != 0)
            Below.DestroyGraph(sequence.Graph);
        sequence.Graph = 0;
    }

    // SAFETY: the parameters do not move while they are pinned, and a launch reads them before it returns.
    private void Replay()
    {
        fixed (byte* parameters = CollectionsMarshal.AsSpan(_pending.Parameters))
        {
            foreach (StreamCall call in CollectionsMarshal.AsSpan(_pending.Calls))
            {
                switch (call.Kind)
                {
                    case StreamCallKind.ToDevice:
                        Below.CopyToDevice(call.Target, call.Source, call.Size, _stream);
                        break;
                    case StreamCallKind.ToHost:
                        Below.CopyToHost(call.Target, call.Source, call.Size, _stream);
                        break;
                    case StreamCallKind.Fill:
                        Below.Fill(call.Target, call.Value, call.Size, _stream);
                        break;
                    default:
                        Below.Launch(call.Target, call.Grid, (nint)(parameters + call.Value), _stream);
                        break;
                }
            }
        }
    }
}
