using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Computes keys a block of anchors at a time, all gallery columns of it, and hands the rows to a consumer. A worker holds
/// <c>block × G</c> keys, never more.
/// </summary>
internal sealed unsafe class RowScan(CpuSession session) : ITeamJob, IDisposable
{
    private const long LargestBlockBytes = 32L << 20;
    private const long PreferredBlockBytes = 8L << 20;
    private const int ItemsPerWorker = 8;
    private const int CachedColumnBytes = 256 << 10;

    private PinnedBuffer<float>[] _keys = [];
    private IKeyRowConsumer _consumer = null!;
    private int _blockRows;
    private int _columnsStride;

    /// <summary>Bytes that the keys' memory takes.</summary>
    public long KeyBytes
    {
        get
        {
            long bytes = 0;
            foreach (PinnedBuffer<float> buffer in _keys)
                bytes += (long)buffer.ByteCount;
            return bytes;
        }
    }

    public void Run(IKeyRowConsumer consumer)
    {
        PackedPanels gallery = session.Gallery;
        TileKernel kernel = session.Kernel;
        _consumer = consumer;
        _columnsStride = gallery.PanelCount * kernel.Columns;
        _blockRows = BlockRows(kernel, gallery.Depth);
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
            PinnedBuffer.Grow(ref _keys[i], ((long)_blockRows * _columnsStride) + PackedPanels.RowPadding);
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

    /// <summary>Panels of gallery columns that stay in the second-level cache while all strips of a block of anchors pass over them.</summary>
    public static int CachedPanels(PackedPanels columns) =>
        Math.Max(1, CachedColumnBytes / (columns.Width * columns.Depth * sizeof(float)));

    /// <summary>Computes the keys of some anchors against a few panels of columns.</summary>
    /// <param name="session">The loaded problem.</param>
    /// <param name="firstAnchor">The first anchor, a multiple of a tile's rows.</param>
    /// <param name="anchors">Number of anchors.</param>
    /// <param name="firstPanel">The first panel, packed.</param>
    /// <param name="endPanel">The panel after the last.</param>
    /// <param name="keys">The first anchor's key of gallery position 0; room for whole tiles of rows.</param>
    /// <param name="stride">Floats from one anchor's keys to the next one's.</param>
    // SAFETY: panels are whole (padded) in both directions, and tiles of kernel.Rows divide a panel, so every tile lies inside the packed rows and
    // inside the key buffer.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ComputeKeys(CpuSession session, int firstAnchor, int anchors, int firstPanel, int endPanel, float* keys, nint stride)
    {
        TileKernel kernel = session.Kernel;
        PackedPanels rows = session.Anchors;
        PackedPanels columns = session.Gallery;
        KeyParts parts = new(columns.Depth);
        for (int first = 0; first < columns.Depth; first += parts.Depth)
        {
            int depth = Math.Min(parts.Depth, columns.Depth - first);
            for (int row = 0; row < anchors; row += kernel.Columns)
            {
                int tileRows = (Math.Min(kernel.Columns, anchors - row) + kernel.Rows - 1) / kernel.Rows * kernel.Rows;
                kernel.ComputePanels(
                    rows, firstAnchor + row, tileRows, columns, firstPanel, endPanel, first, depth, session.KeyScale, keys + (row * stride) + ((nint)firstPanel * kernel.Columns), stride);
            }
        }
    }

    // The gallery is read once a block, and the block's keys are written and read: whole panels of anchors, the more the longer the rows, as long as the keys
    // stay small and no worker runs dry.
    private int BlockRows(TileKernel kernel, int depth)
    {
        long panelBytes = (long)kernel.Columns * _columnsStride * sizeof(float);
        if (panelBytes > LargestBlockBytes)
            return kernel.Rows;
        int anchorPanels = (session.Layout.AnchorCount + kernel.Columns - 1) / kernel.Columns;
        long panels = Math.Min(Math.Min(new KeyParts(depth).Count, anchorPanels / (ItemsPerWorker * session.Workers)), PreferredBlockBytes / panelBytes);
        return kernel.Columns * (int)Math.Max(1, panels);
    }

    private void ComputeBlock(int firstAnchor, int anchors, float* keys)
    {
        PackedPanels columns = session.Gallery;
        int panelsPerBlock = CachedPanels(columns);
        for (int start = 0; start < columns.PanelCount; start += panelsPerBlock)
            ComputeKeys(session, firstAnchor, anchors, start, Math.Min(columns.PanelCount, start + panelsPerBlock), keys, _columnsStride);
    }
}
