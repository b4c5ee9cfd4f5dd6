using CommunityToolkit.HighPerformance;

namespace Tercet.Mining;

/// <summary>
/// The rows to mine: a batch against itself (square form) or anchors against a gallery (rectangular form). Holds views of the caller's
/// memory, nothing of its own.
/// </summary>
public readonly ref struct MiningInput
{
    private MiningInput(
        ReadOnlySpan2D<float> anchors,
        ReadOnlySpan<long> anchorLabels,
        ReadOnlySpan2D<float> gallery,
        ReadOnlySpan<long> galleryLabels,
        ReadOnlySpan<int> anchorRows,
        bool isSquare)
    {
        Anchors = anchors;
        AnchorLabels = anchorLabels;
        Gallery = gallery;
        GalleryLabels = galleryLabels;
        AnchorRows = anchorRows;
        IsSquare = isSquare;
    }

    /// <summary>The anchors, <c>[A, D]</c> row-major.</summary>
    public ReadOnlySpan2D<float> Anchors { get; }

    /// <summary>The anchors' labels, <c>[A]</c>.</summary>
    public ReadOnlySpan<long> AnchorLabels { get; }

    /// <summary>The rows that positives and negatives come from, <c>[G, D]</c> row-major; the same as <see cref="Anchors"/> in the square form.</summary>
    public ReadOnlySpan2D<float> Gallery { get; }

    /// <summary>The gallery's labels, <c>[G]</c>.</summary>
    public ReadOnlySpan<long> GalleryLabels { get; }

    /// <summary>
    /// Rectangular form: the gallery row that each anchor itself is, <c>[A]</c>, −1 where it is none, so that no anchor is its own positive. Empty when
    /// the anchors are not part of the gallery.
    /// </summary>
    public ReadOnlySpan<int> AnchorRows { get; }

    /// <summary>Whether the anchors are the gallery.</summary>
    public bool IsSquare { get; }

    /// <summary>The square form: every row of a batch is an anchor, and a candidate for every other.</summary>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Its labels, <c>[N]</c>.</param>
    public static MiningInput Batch(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels) =>
        new(embeddings, labels, embeddings, labels, default, isSquare: true);

    /// <summary>The rectangular form: anchors against a gallery.</summary>
    /// <param name="anchors">The anchors, <c>[A, D]</c> row-major.</param>
    /// <param name="anchorLabels">Their labels, <c>[A]</c>.</param>
    /// <param name="gallery">The gallery, <c>[G, D]</c> row-major.</param>
    /// <param name="galleryLabels">Its labels, <c>[G]</c>.</param>
    /// <param name="anchorRows">The gallery row that each anchor is, or −1, <c>[A]</c>; empty when none is.</param>
    public static MiningInput AgainstGallery(
        ReadOnlySpan2D<float> anchors,
        ReadOnlySpan<long> anchorLabels,
        ReadOnlySpan2D<float> gallery,
        ReadOnlySpan<long> galleryLabels,
        ReadOnlySpan<int> anchorRows = default) =>
        new(anchors, anchorLabels, gallery, galleryLabels, anchorRows, isSquare: false);
}
