using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Computes keys a block of anchors at a time, all gallery columns of it, and hands the rows to a consumer. A worker holds
/// <c>block × G</c> keys, never more.
/// </summary>
internal sealed unsafe class RowScan(CpuSession session) : ITeamJob, IDisposable
{
    private const long LargestBlockBytes = 32L << 20;
    private const int CachedColumnBytes = 256 << 10;

    private PinnedBuffer<float>[] _keys = [];
    private IKeyRowConsumer _consumer = null!;
    private int _blockRows;
    private int _columnsStride;

    public void Run(IKeyRowConsumer consumer)
    {
        PackedPanels gallery = session.Gallery;
        TileKernel kernel = session.Kernel;
        _consumer = consumer;
        _columnsStride = gallery.PanelCount * kernel.Columns;
        _blockRows = (long)kernel.Columns * _columnsStride * sizeof(float) <= LargestBlockBytes ? kernel.Columns : kernel.Rows;
        int items = (session.Layout.AnchorCount + _blockRows - 1) / _blockRows;
        int workers = Math.Min(session.Workers, Math.Max(1, items));
        if (_keys.Length < workers)
        {
            int previous = _keys.Length;
            Array.Resize(ref _keys, workers);
            for (int i = previous; i < workers; i++)
                _keys[i] = new PinnedBuffer<float>(0);
        }

        for (int i = 0; i < workers; i++)
            PinnedBuffer.Grow(ref _keys[i], (long)_blockRows * _columnsStride);
        session.Team.Run(this, items, workers, session.Cancellation);
        _consumer = null!;
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int firstAnchor = item * _blockRows;
        int anchors = Math.Min(_blockRows, session.Layout.AnchorCount - firstAnchor);

        // SAFETY: the worker's own buffer holds _blockRows rows of _columnsStride keys; nobody else touches it.
        float* keys = (float*)_keys[worker].DangerousGetAddress();
        ComputeBlock(firstAnchor, anchors, keys);
        for (int row = 0; row < anchors; row++)
        {
            var span = new Span<float>(keys + ((nint)row * _columnsStride), session.Gallery.Count);
            _consumer.Consume(session, worker, firstAnchor + row, span);
        }
    }

    public void Dispose()
    {
        foreach (PinnedBuffer<float> buffer in _keys)
            buffer.Dispose();
    }

    // SAFETY: panels are whole (padded) in both directions, and tiles of kernel.Rows divide a panel, so every tile lies inside the packed rows and
    // inside the key buffer. Columns in blocks that stay in the second-level cache while all strips of the anchors pass over them.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ComputeBlock(int firstAnchor, int anchors, float* keys)
    {
        TileKernel kernel = session.Kernel;
        PackedPanels rows = session.Anchors;
        PackedPanels columns = session.Gallery;
        float* rowPanel = rows.Panel(firstAnchor / kernel.Columns);
        int firstLane = firstAnchor % kernel.Columns;
        int panelsPerBlock = Math.Max(1, CachedColumnBytes / (kernel.Columns * columns.Depth * sizeof(float)));
        for (int blockStart = 0; blockStart < columns.PanelCount; blockStart += panelsPerBlock)
        {
            int blockEnd = Math.Min(columns.PanelCount, blockStart + panelsPerBlock);
            for (int strip = 0; strip < anchors; strip += kernel.Rows)
            {
                for (int panel = blockStart; panel < blockEnd; panel++)
                {
                    kernel.Compute(
                        rowPanel + firstLane + strip,
                        columns.Panel(panel),
                        columns.Depth,
                        rows.HalfNorms + firstAnchor + strip,
                        columns.HalfNorms + ((nint)panel * kernel.Columns),
                        session.KeyScale,
                        keys + ((nint)strip * _columnsStride) + (panel * kernel.Columns),
                        _columnsStride);
                }
            }
        }
    }
}
