using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>Turns labels into a <see cref="RowLayout"/>, and counts what can be counted from labels alone. Reused from call to call.</summary>
internal sealed class RowLayoutBuilder : IDisposable
{
    private readonly SortedLabels _gallery = new();
    private readonly SortedLabels _anchors = new();
    private PinnedBuffer<int> _intervals = new(0);
    private PinnedBuffer<int> _positions = new(0);

    /// <summary>The result of the last build.</summary>
    public RowLayout Layout { get; } = new();

    /// <summary>Ordered pairs (anchor, positive), those of anchors without a negative included.</summary>
    public long PositivePairs { get; private set; }

    /// <summary>Triplets that exist.</summary>
    public long ValidTriplets { get; private set; }

    /// <summary>Orders the rows.</summary>
    /// <param name="input">The rows; only labels and anchor rows are looked at.</param>
    /// <param name="negativeOnlyLabel">Rows with this label are neither anchors nor positives.</param>
    /// <param name="ascendingAnchors">Whether anchors must come in the caller's order. Otherwise the square form puts them in the gallery's order, which lets a backend use the symmetry of distances.</param>
    public void Build(MiningInput input, long? negativeOnlyLabel, bool ascendingAnchors)
    {
        Layout.Reset(input.AnchorLabels.Length, input.GalleryLabels.Length);
        PositivePairs = 0;
        ValidTriplets = 0;
        _gallery.Sort(input.GalleryLabels);
        PlaceGallery(negativeOnlyLabel, input.IsSquare);
        if (input.IsSquare && !ascendingAnchors)
            AddGalleryAsAnchors(negativeOnlyLabel);
        else
            AddAnchorsInOrder(input, negativeOnlyLabel);
        Layout.IsSymmetric = input.IsSquare && !ascendingAnchors;
    }

    /// <summary>
    /// Orders a batch so that every row is an anchor position, those without a positive included (their intervals hold no positive): what a
    /// gradient needs, which every row receives.
    /// </summary>
    public void BuildForEveryRow(MiningInput batch, long? negativeOnlyLabel)
    {
        Build(batch, negativeOnlyLabel, ascendingAnchors: false);
        int active = Layout.AnchorCount;
        ReadOnlySpan<int> rows = Layout.GalleryRows;
        for (int position = active; position < rows.Length; position++)
            Layout.AddAnchor(rows[position], position, position, self: -1);
    }

    public void Dispose()
    {
        _gallery.Dispose();
        _anchors.Dispose();
        _intervals.Dispose();
        _positions.Dispose();
        Layout.Dispose();
    }

    // Labels that can have anchors first, so that in the square form the anchors are a prefix of the gallery.
    private void PlaceGallery(long? negativeOnlyLabel, bool isSquare)
    {
        Span<int> target = Layout.WritableGalleryRows;
        int position = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            for (int start = 0; start < target.Length;)
            {
                int end = _gallery.RunEnd(start);
                bool active = IsActive(start, end, negativeOnlyLabel, isSquare);
                if (active == (pass == 0))
                {
                    _gallery.Rows[start..end].CopyTo(target[position..]);
                    position += end - start;
                }

                start = end;
            }
        }
    }

    private bool IsActive(int start, int end, long? negativeOnlyLabel, bool isSquare) =>
        _gallery.Labels[start] != negativeOnlyLabel && (end - start >= 2 || !isSquare);

    private void AddGalleryAsAnchors(long? negativeOnlyLabel)
    {
        ReadOnlySpan<int> rows = Layout.GalleryRows;
        int position = 0;
        for (int start = 0; start < rows.Length;)
        {
            int end = _gallery.RunEnd(start);
            if (IsActive(start, end, negativeOnlyLabel, isSquare: true))
            {
                int classEnd = position + (end - start);
                for (int self = position; self < classEnd; self++)
                    AddAnchor(rows[self], position, classEnd, self);
                position = classEnd;
            }

            start = end;
        }
    }

    private void AddAnchorsInOrder(MiningInput input, long? negativeOnlyLabel)
    {
        int count = input.AnchorLabels.Length;
        ReadOnlySpan<int> rows = Layout.GalleryRows;
        PinnedBuffer.Grow(ref _positions, rows.Length);
        Span<int> positions = _positions.Span;
        for (int position = 0; position < rows.Length; position++)
            positions[rows[position]] = position;

        // Both label lists ascend: one merge finds every anchor's interval.
        PinnedBuffer.Grow(ref _intervals, 2L * count);
        Span<int> starts = _intervals.Span[..count];
        Span<int> ends = _intervals.Span.Slice(count, count);
        _anchors.Sort(input.AnchorLabels);
        int run = 0;
        int runEnd = rows.Length == 0 ? 0 : _gallery.RunEnd(0);
        for (int i = 0; i < count; i++)
        {
            long label = _anchors.Labels[i];
            while (run < rows.Length && _gallery.Labels[run] < label)
            {
                run = runEnd;
                runEnd = run < rows.Length ? _gallery.RunEnd(run) : run;
            }

            int anchor = _anchors.Rows[i];
            bool found = run < rows.Length && _gallery.Labels[run] == label && label != negativeOnlyLabel;
            starts[anchor] = found ? positions[_gallery.Rows[run]] : 0;
            ends[anchor] = found ? starts[anchor] + (runEnd - run) : 0;
        }

        for (int anchor = 0; anchor < count; anchor++)
        {
            int self = input.IsSquare ? positions[anchor]
                : input.AnchorRows.IsEmpty || input.AnchorRows[anchor] < 0 ? -1
                : positions[input.AnchorRows[anchor]];
            bool isMember = self >= starts[anchor] && self < ends[anchor];
            AddAnchor(anchor, starts[anchor], ends[anchor], isMember ? self : -1);
        }
    }

    private void AddAnchor(int row, int classStart, int classEnd, int self)
    {
        int positives = classEnd - classStart - (self >= 0 ? 1 : 0);
        int negatives = Layout.GalleryCount - (classEnd - classStart);
        PositivePairs += positives;
        ValidTriplets += (long)positives * negatives;
        if (positives > 0 && negatives > 0)
            Layout.AddAnchor(row, classStart, classEnd, self);
    }
}
