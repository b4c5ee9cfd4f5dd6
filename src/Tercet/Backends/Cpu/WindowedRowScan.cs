using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The row scan over a gallery that is packed a window at a time. A group of anchors passes over all windows before its rows of keys, whole by then,
/// are handed on; the next group begins again at the first window. The group is as large as its keys' share of the budget allows, but
/// at least the rows of one tile: the more anchors, the fewer times the gallery is read.
/// </summary>
internal sealed unsafe class WindowedRowScan(CpuSession session) : ITeamJob, IDisposable
{
    private PinnedBuffer<float> _keys = new(0);
    private IKeyRowConsumer _consumer = null!;
    private bool _isHandingOn;
    private int _firstAnchor;
    private int _anchors;
    private int _stride;
    private int _panelsPerItem;

    /// <summary>Bytes that the keys' memory takes.</summary>
    public long KeyBytes => (long)_keys.ByteCount;

    /// <summary>Scans all anchors.</summary>
    /// <param name="consumer">Takes the rows of keys.</param>
    /// <param name="keyBytes">Most bytes of keys to hold, where one tile's rows take no more.</param>
    public void Run(IKeyRowConsumer consumer, long keyBytes)
    {
        PackedPanels gallery = session.Gallery;
        int anchorCount = session.Layout.AnchorCount;
        _consumer = consumer;
        _stride = checked(gallery.PanelCount * gallery.Width);
        _panelsPerItem = RowScan.CachedPanels(gallery);
        int tileRows = session.Kernel.Rows;
        long fitting = Math.Max(1, keyBytes / ((long)_stride * sizeof(float) * tileRows));
        int groupRows = (int)Math.Min(fitting, (anchorCount + tileRows - 1) / tileRows) * tileRows;
        PinnedBuffer.Grow(ref _keys, ((long)groupRows * _stride) + PackedPanels.RowPadding);
        for (_firstAnchor = 0; _firstAnchor < anchorCount; _firstAnchor += groupRows)
        {
            _anchors = Math.Min(groupRows, anchorCount - _firstAnchor);
            _isHandingOn = false;
            for (int window = 0; window < gallery.WindowCount; window++)
            {
                gallery.MoveTo(window);
                int items = (gallery.EndPanel - gallery.FirstPanel + _panelsPerItem - 1) / _panelsPerItem;
                session.Team.Run(this, items, session.Workers, session.Cancellation);
            }

            _isHandingOn = true;
            session.Team.Run(this, _anchors, session.Workers, session.Cancellation);
        }

        _consumer = null!;
    }

    // SAFETY: the buffer holds a whole number of tiles' rows of _stride keys; an item writes its own columns of it, or hands on its own row.
    void ITeamJob.Execute(int worker, int item)
    {
        float* keys = (float*)_keys.DangerousGetAddress();
        if (_isHandingOn)
        {
            _consumer.Consume(session, worker, _firstAnchor + item, new Span<float>(keys + ((nint)item * _stride), session.Gallery.Count));
            return;
        }

        // Packed and used at once, while the panels are in the cache.
        PackedPanels gallery = session.Gallery;
        int first = gallery.FirstPanel + (item * _panelsPerItem);
        int end = Math.Min(gallery.EndPanel, first + _panelsPerItem);
        gallery.PackPanels(first, end);
        RowScan.ComputeKeys(session, _firstAnchor, _anchors, first, end, keys, _stride);
    }

    public void Dispose() => _keys.Dispose();
}
