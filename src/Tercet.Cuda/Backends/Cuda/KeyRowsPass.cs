using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Hands rows of keys to a consumer, a chunk of anchors at a time: while the consumer works on one, the device computes the next and copies it to the
/// other of two page-locked buffers. A device that is short of memory gets smaller chunks.
/// </summary>
internal sealed unsafe class KeyRowsPass(CudaSession session, ICudaDriver driver, IBufferAllocator pageLocked, WorkerTeam team, long budget) : ITeamJob, IDisposable
{
    private readonly DeviceBuffer _deviceKeys = new(driver);
    private readonly nint[] _copied = [driver.CreateEvent(), driver.CreateEvent()];
    private PinnedBuffer<float> _even = new(1, pageLocked);
    private PinnedBuffer<float> _odd = new(1, pageLocked);
    private IKeyRowConsumer _consumer = null!;
    private float* _current;
    private long _pitch;
    private int _chunkPanels;
    private int _firstAnchor;

    /// <summary>Computes and hands on all rows.</summary>
    public void Run(IKeyRowConsumer consumer)
    {
        RowLayout layout = session.Layout;
        if (layout.AnchorCount == 0)
            return;
        _consumer = consumer;
        Size(layout);
        int chunks = (session.Anchors.Count + (_chunkPanels * CudaPlan.PanelRows) - 1) / (_chunkPanels * CudaPlan.PanelRows);
        try
        {
            Begin(0);
            for (int chunk = 0; chunk < chunks; chunk++)
            {
                session.Cancellation.ThrowIfCancellationRequested();
                driver.Wait(_copied[chunk & 1]);
                if (chunk + 1 < chunks)
                    Begin(chunk + 1);

                // SAFETY: the buffer holds the chunk's rows; the copy into it is done, and the next one into it begins after the team is done.
                _current = (float*)Buffer(chunk).DangerousGetAddress();
                _firstAnchor = chunk * _chunkPanels * CudaPlan.PanelRows;
                team.Run(this, RowsOf(chunk), session.Workers, session.Cancellation);
            }
        }
        finally
        {
            _consumer = null!;

            // Whoever stopped early leaves no copy under way into memory that the next call may replace.
            driver.Synchronize(session.Stream);
        }
    }

    void ITeamJob.Execute(int worker, int item) =>
        _consumer.Consume(session, worker, _firstAnchor + item, new Span<float>(_current + (item * _pitch), session.Layout.GalleryCount));

    public void Dispose()
    {
        driver.DestroyEvent(_copied[0]);
        driver.DestroyEvent(_copied[1]);
        _deviceKeys.Dispose();
        _even.Dispose();
        _odd.Dispose();
    }

    private PinnedBuffer<float> Buffer(int chunk) => (chunk & 1) == 0 ? _even : _odd;

    private int RowsOf(int chunk)
    {
        int first = chunk * _chunkPanels * CudaPlan.PanelRows;
        return Math.Min(_chunkPanels * CudaPlan.PanelRows, session.Layout.AnchorCount - first);
    }

    private void Size(RowLayout layout)
    {
        _pitch = (long)CudaPlan.Panels(layout.GalleryCount) * CudaPlan.PanelRows;
        _chunkPanels = Math.Min(CudaPlan.ChunkPanels(layout.AnchorCount, layout.GalleryCount, budget), (int)Math.Max(1, Array.MaxLength / 2 / (_pitch * CudaPlan.PanelRows)));
        while (true)
        {
            long floats = _chunkPanels * CudaPlan.PanelRows * _pitch;
            try
            {
                _deviceKeys.Grow(floats * sizeof(float));
                session.Grow(ref _even, floats);
                session.Grow(ref _odd, floats);
                return;
            }
            catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory && _chunkPanels > 1)
            {
                _chunkPanels /= 2;
            }
        }
    }

    private void Begin(int chunk)
    {
        int rows = RowsOf(chunk);
        var arguments = new KeyRowsArguments
        {
            Anchors = session.Anchors,
            Gallery = session.Gallery,
            Keys = _deviceKeys.Address,
            Pitch = _pitch,
            FirstPanel = chunk * _chunkPanels,
        };

        // SAFETY: the driver has read the struct when the launch returns. The stream keeps this chunk's kernel behind the last chunk's copy.
        driver.Launch(session.Kernels.KeyRows, new LaunchGrid(session.Gallery.PanelCount, CudaPlan.Panels(rows), CudaPlan.Threads), (nint)(&arguments), session.Stream);
        driver.CopyToHost(Buffer(chunk).DangerousGetAddress(), _deviceKeys.Address, rows * _pitch * sizeof(float), session.Stream);
        driver.Record(_copied[chunk & 1], session.Stream);
    }
}
