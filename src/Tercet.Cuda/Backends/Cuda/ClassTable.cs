using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The anchors' labels on the device, as intervals of gallery positions.</summary>
internal sealed class ClassTable(CudaSession session, ICudaDriver driver, IBufferAllocator pageLocked) : IDisposable
{
    private const int Fields = 3;

    private readonly DeviceBuffer _fields = new(driver);
    private PinnedBuffer<int> _host = new(1, pageLocked);

    /// <summary>Copies them there, in the stream's order. The stream must be waited for before the next call.</summary>
    public ClassIntervals Upload()
    {
        RowLayout layout = session.Layout;
        int anchors = layout.AnchorCount;
        nint target = _fields.Grow((long)Fields * anchors * sizeof(int));
        session.Grow(ref _host, (long)Fields * anchors);
        Span<int> fields = _host.Span;
        layout.ClassStarts.CopyTo(fields);
        layout.ClassEnds.CopyTo(fields[anchors..]);
        layout.SelfPositions.CopyTo(fields[(2 * anchors)..]);
        driver.CopyToDevice(target, _host.DangerousGetAddress(), (long)Fields * anchors * sizeof(int), session.Stream);
        return new ClassIntervals
        {
            Starts = target,
            Ends = target + (nint)((long)anchors * sizeof(int)),
            Selves = target + (nint)(2L * anchors * sizeof(int)),
        };
    }

    public void Dispose()
    {
        _fields.Dispose();
        _host.Dispose();
    }
}
