using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>
/// The anchors of a run, some of which are mined at a time: the others are told to be no anchors, so that each keeps its number, which what is drawn at random
/// depends on.
/// </summary>
internal sealed class AnchorRows
{
    private readonly MinedRows _rows;
    private readonly ReadOnlyMemory2D<float> _own;
    private readonly long[] _labels;
    private readonly long[] _shown;
    private readonly int[] _self;
    private readonly long[] _positives;

    /// <param name="rows">The rows of the gallery.</param>
    /// <param name="codes">Gave their labels numbers.</param>
    /// <param name="anchors">The anchors; null for the rows themselves.</param>
    /// <param name="normalize">Whether to scale anchors that are no rows.</param>
    public AnchorRows(MinedRows rows, LabelCodes codes, GalleryAnchors? anchors, bool normalize)
    {
        _rows = rows;
        _labels = rows.Labels;
        if (anchors is not null)
        {
            if (anchors.Rows.Height == 0 || anchors.Rows.Width != rows.Matrix.Width)
                throw new ArgumentException($"'anchors' is [{anchors.Rows.Height}, {anchors.Rows.Width}]; the gallery has rows of {rows.Matrix.Width}.", nameof(anchors));
            if (anchors.Labels.Count != anchors.Rows.Height)
                throw new ArgumentException($"'anchors' has {anchors.Labels.Count} labels for {anchors.Rows.Height} rows.", nameof(anchors));
            _labels = [.. anchors.Labels.Select(codes.Of)];
            _own = normalize ? Scaled(anchors.Rows.Span) : anchors.Rows;
            (_self, Ids) = ([], null);
        }
        else
        {
            (_self, Ids) = (new int[_labels.Length], rows.Ids);
        }

        _shown = new long[_labels.Length];
        Hide(0, _labels.Length);
        long known = Math.Max(rows.Labels.Max(), _labels.Max());
        _positives = new long[known + 1];
        foreach (long label in rows.Labels.Where(label => label >= 0))
            _positives[label]++;
    }

    public int Count => _labels.Length;

    /// <summary>The anchors' ids; null where they have none.</summary>
    public long[]? Ids { get; }

    /// <summary>The numbers of their labels.</summary>
    public ReadOnlySpan<long> Labels => _labels;

    /// <summary>The anchors, <c>[A, D]</c>.</summary>
    public ReadOnlySpan2D<float> Matrix => Ids is null ? _own.Span : _rows.Matrix;

    /// <summary>Where a step ends that begins with an anchor: one has at least one anchor.</summary>
    public int EndOfStep(int first, int anchors, long pairs)
    {
        int end = first;
        for (long sum = 0; end < Count && end - first < anchors; end++)
        {
            sum += _labels[end] < 0 ? 0 : _positives[_labels[end]];
            if (sum > pairs && end > first)
                break;
        }

        return end;
    }

    /// <summary>What to mine in one step; the step before is over.</summary>
    public MiningInput Input(int first, int end)
    {
        Hide(0, first);
        for (int i = first; i < end; i++)
        {
            _shown[i] = _labels[i];
            if (Ids is not null)
                _self[i] = i;
        }

        return MiningInput.AgainstGallery(Matrix[..end, ..], _shown.AsSpan(0, end), _rows.Matrix, _rows.Labels, Ids is null ? default : _self.AsSpan(0, end));
    }

    private void Hide(int first, int end)
    {
        _shown.AsSpan(first, end - first).Fill(LabelCodes.NegativeOnly);
        if (Ids is not null)
            _self.AsSpan(first, end - first).Fill(-1);
    }

    private static ReadOnlyMemory2D<float> Scaled(ReadOnlySpan2D<float> rows)
    {
        PinnedBuffer<float> buffer = new(0);
        try
        {
            return UnitRows.Scale(rows, ref buffer).ToArray();
        }
        finally
        {
            buffer.Dispose();
        }
    }
}
