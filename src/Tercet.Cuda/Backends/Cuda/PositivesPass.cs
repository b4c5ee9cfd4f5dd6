using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cuda;

/// <summary>The exact distances of every positive pair, and each anchor's in order, left on the device.</summary>
internal sealed unsafe class PositivesPass(CudaSession session, ICudaDriver driver, IBufferAllocator pageLocked) : IDisposable
{
    private readonly DeviceBuffer _offsets = new(driver);
    private readonly DeviceBuffer _values = new(driver);
    private readonly DeviceBuffer _sorted = new(driver);
    private readonly DeviceBuffer _order = new(driver);
    private readonly DeviceBuffer _keys = new(driver);
    private readonly DeviceBuffer _marginKeys = new(driver);
    private PinnedBuffer<long> _hostOffsets = new(1, pageLocked);

    /// <summary>Makes the tables, in the stream's order. The stream must be waited for before the next call.</summary>
    /// <param name="classes">The anchors' labels.</param>
    /// <param name="margin">The margin, in the metric's unit.</param>
    public Positives Run(ClassIntervals classes, double margin)
    {
        RowLayout layout = session.Layout;
        ReadOnlySpan<long> offsets = layout.PairOffsets;
        session.Grow(ref _hostOffsets, offsets.Length);
        offsets.CopyTo(_hostOffsets.Span);
        long pairs = Math.Max(1, layout.PairCount);
        var positives = new Positives
        {
            Offsets = _offsets.Grow((long)offsets.Length * sizeof(long)),
            Values = _values.Grow(pairs * sizeof(double)),
            Sorted = _sorted.Grow(pairs * sizeof(double)),
            Order = _order.Grow(pairs * sizeof(int)),
            Keys = _keys.Grow(pairs * sizeof(float)),
            MarginKeys = _marginKeys.Grow(pairs * sizeof(float)),
            Margin = margin,
            Root = session.Metric == DistanceMetric.Euclidean ? 1 : 0,
        };
        var arguments = new PositivesArguments { Anchors = session.Anchors, Gallery = session.Gallery, Classes = classes, Positives = positives };
        driver.CopyToDevice(positives.Offsets, _hostOffsets.DangerousGetAddress(), (long)offsets.Length * sizeof(long), session.Stream);

        // SAFETY: the driver has read the struct when the launch returns.
        driver.Launch(session.Kernels.Positives, new LaunchGrid(layout.AnchorCount, 1, CudaPlan.Threads), (nint)(&arguments), session.Stream);
        return positives;
    }

    public void Dispose()
    {
        _offsets.Dispose();
        _values.Dispose();
        _sorted.Dispose();
        _order.Dispose();
        _keys.Dispose();
        _marginKeys.Dispose();
        _hostOffsets.Dispose();
    }
}
