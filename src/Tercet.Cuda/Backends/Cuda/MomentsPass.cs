using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>The moments of prepared rows, taken on the device, and whether keys can be made of every row: 40 bytes come back.</summary>
internal sealed unsafe class MomentsPass(ICudaDriver driver, IBufferAllocator pageLocked) : IDisposable
{
    private readonly DeviceBuffer _sums = new(driver);
    private readonly DeviceBuffer _norms = new(driver);
    private readonly DeviceBuffer _result = new(driver);
    private readonly PinnedBuffer<DeviceMoments> _host = new(1, pageLocked);

    /// <summary>What came back; the stream must have been waited for.</summary>
    public DeviceMoments Result => _host.Span[0];

    /// <summary>Begins, in the stream's order.</summary>
    /// <param name="rows">The rows that are measured.</param>
    /// <param name="anchors">The anchors, which are only checked; the same rows where they are not others.</param>
    /// <param name="kernels">The metric's kernels.</param>
    /// <param name="stream">The stream.</param>
    // SAFETY: the struct is on the stack, and the driver has read it when a launch returns. Page-locked memory does not move.
    public void Begin(DeviceRows rows, DeviceRows anchors, CudaKernels kernels, nint stream)
    {
        PackedRows packed = rows.Packed;
        int segments = CudaPlan.MomentSegments(packed.Count), blocks = CudaPlan.MomentBlocks(packed.Depth);
        var arguments = new MomentsArguments
        {
            Rows = packed,
            PartialSums = _sums.Grow(2L * segments * blocks * CudaPlan.MomentDimensions * sizeof(double)),
            PartialNorms = _norms.Grow(2L * segments * sizeof(double)),
            FirstBad = rows.FirstBad,
            FirstBadAnchor = anchors.FirstBad,
            Moments = _result.Grow(sizeof(DeviceMoments)),
        };
        driver.Launch(kernels.Moments, new LaunchGrid(blocks, segments, CudaPlan.Threads), (nint)(&arguments), stream);
        driver.Launch(kernels.MomentsFinish, new LaunchGrid(1, 1, CudaPlan.Threads), (nint)(&arguments), stream);
        driver.CopyToHost(_host.DangerousGetAddress(), arguments.Moments, sizeof(DeviceMoments), stream);
    }

    public void Dispose()
    {
        _sums.Dispose();
        _norms.Dispose();
        _result.Dispose();
        _host.Dispose();
    }
}
