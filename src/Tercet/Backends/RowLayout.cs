using Tercet.Memory;

namespace Tercet.Backends;

/// <summary>
/// The order in which a backend sees the rows: gallery rows of one label stand together, so that an anchor's positives are one interval of
/// positions and no kernel ever tests a label. Reused from call to call; its arrays only grow.
/// </summary>
public sealed class RowLayout : IDisposable
{
    private PinnedBuffer<int> _galleryRows = new(0);
    private PinnedBuffer<int> _anchors = new(0);
    private PinnedBuffer<long> _pairOffsets = new(0);

    /// <summary>Number of anchors that have a positive and a negative.</summary>
    public int AnchorCount { get; private set; }

    /// <summary>Number of gallery rows.</summary>
    public int GalleryCount { get; private set; }

    /// <summary>Whether anchor position i is gallery position i, for every anchor: each distance between two anchors then serves both.</summary>
    public bool IsSymmetric { get; internal set; }

    /// <summary>Gallery position → the caller's gallery row, <c>[G]</c>; ascending within a label.</summary>
    public ReadOnlySpan<int> GalleryRows => _galleryRows.Span[..GalleryCount];

    /// <summary>Anchor position → the caller's anchor row, <c>[A]</c>.</summary>
    public ReadOnlySpan<int> AnchorRows => AnchorColumn(0);

    /// <summary>Anchor position → first gallery position of its label, <c>[A]</c>.</summary>
    public ReadOnlySpan<int> ClassStarts => AnchorColumn(1);

    /// <summary>Anchor position → gallery position after the last one of its label, <c>[A]</c>.</summary>
    public ReadOnlySpan<int> ClassEnds => AnchorColumn(2);

    /// <summary>Anchor position → its own gallery position, −1 where the anchor is no gallery row, <c>[A]</c>.</summary>
    public ReadOnlySpan<int> SelfPositions => AnchorColumn(3);

    /// <summary>Anchor position → number of positive pairs of the anchors before it, <c>[A + 1]</c>.</summary>
    public ReadOnlySpan<long> PairOffsets => _pairOffsets.Span[..(AnchorCount + 1)];

    /// <summary>Number of positive pairs of the anchors counted above.</summary>
    public long PairCount => AnchorCount == 0 ? 0 : PairOffsets[AnchorCount];

    /// <summary>Number of positives of one anchor.</summary>
    public int PositiveCount(int anchor) => (int)(PairOffsets[anchor + 1] - PairOffsets[anchor]);

    /// <summary>Number of negatives of one anchor.</summary>
    public int NegativeCount(int anchor) => GalleryCount - (ClassEnds[anchor] - ClassStarts[anchor]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _galleryRows.Dispose();
        _anchors.Dispose();
        _pairOffsets.Dispose();
    }

    internal Span<int> WritableGalleryRows => _galleryRows.Span[..GalleryCount];

    /// <summary>Makes room for that many rows and forgets every anchor.</summary>
    internal void Reset(int anchorCapacity, int galleryCount)
    {
        AnchorCount = 0;
        GalleryCount = galleryCount;
        IsSymmetric = false;
        PinnedBuffer.Grow(ref _galleryRows, galleryCount);
        PinnedBuffer.Grow(ref _anchors, checked(4 * anchorCapacity));
        PinnedBuffer.Grow(ref _pairOffsets, anchorCapacity + 1);
        _pairOffsets.Span[0] = 0;
    }

    internal void AddAnchor(int row, int classStart, int classEnd, int self)
    {
        int anchor = AnchorCount++;
        Span<int> fields = _anchors.Span;
        int capacity = fields.Length / 4;
        fields[anchor] = row;
        fields[capacity + anchor] = classStart;
        fields[(2 * capacity) + anchor] = classEnd;
        fields[(3 * capacity) + anchor] = self;
        _pairOffsets.Span[anchor + 1] = _pairOffsets.Span[anchor] + (classEnd - classStart) - (self >= 0 ? 1 : 0);
    }

    private Span<int> AnchorColumn(int column)
    {
        Span<int> fields = _anchors.Span;
        return fields.Slice(column * (fields.Length / 4), AnchorCount);
    }
}
