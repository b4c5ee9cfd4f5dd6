using CommunityToolkit.HighPerformance;
using Tercet.Memory;

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
        DeviceMatrix resident,
        bool isSquare,
        NarrowRows narrowAnchors = default,
        NarrowRows narrowGallery = default)
    {
        NarrowAnchors = narrowAnchors;
        NarrowGallery = narrowGallery;
        Anchors = anchors;
        AnchorLabels = anchorLabels;
        Gallery = gallery;
        GalleryLabels = galleryLabels;
        AnchorRows = anchorRows;
        Resident = resident;
        IsSquare = isSquare;
    }

    /// <summary>The anchors, <c>[A, D]</c> row-major; empty where they are <see cref="NarrowAnchors"/>.</summary>
    public ReadOnlySpan2D<float> Anchors { get; }

    /// <summary>The anchors as 16-bit components, <c>[A, D]</c>, or no matrix. What is mined are the same values as float32, which holds every one of them.</summary>
    public NarrowRows NarrowAnchors { get; }

    /// <summary>The anchors' labels, <c>[A]</c>.</summary>
    public ReadOnlySpan<long> AnchorLabels { get; }

    /// <summary>The rows that positives and negatives come from, <c>[G, D]</c> row-major; the same as <see cref="Anchors"/> in the square form.</summary>
    public ReadOnlySpan2D<float> Gallery { get; }

    /// <summary>The gallery as 16-bit components, <c>[G, D]</c>, or no matrix; the same as <see cref="NarrowAnchors"/> in the square form.</summary>
    public NarrowRows NarrowGallery { get; }

    /// <summary>The gallery's labels, <c>[G]</c>.</summary>
    public ReadOnlySpan<long> GalleryLabels { get; }

    /// <summary>
    /// Rectangular form: the gallery row that each anchor itself is, <c>[A]</c>, −1 where it is none, so that no anchor is its own positive. Empty when
    /// the anchors are not part of the gallery.
    /// </summary>
    public ReadOnlySpan<int> AnchorRows { get; }

    /// <summary>The batch once more, in a device's memory, <c>[N, D]</c>; no matrix where it lies nowhere else.</summary>
    public DeviceMatrix Resident { get; }

    /// <summary>Whether the anchors are the gallery.</summary>
    public bool IsSquare { get; }

    /// <summary>Rows and columns of the anchors, however they are stored.</summary>
    internal (int Rows, int Columns) AnchorShape => IsSquare ? GalleryShape
        : NarrowAnchors.IsEmpty ? (Anchors.Height, Anchors.Width)
        : (NarrowAnchors.Bits.Height, NarrowAnchors.Bits.Width);

    /// <summary>Rows and columns of the gallery, however they are stored.</summary>
    internal (int Rows, int Columns) GalleryShape => IsResidentOnly ? (Resident.Rows, Resident.Columns)
        : NarrowGallery.IsEmpty ? (Gallery.Height, Gallery.Width)
        : (NarrowGallery.Bits.Height, NarrowGallery.Bits.Width);

    /// <summary>Whether the rows lie in a device's memory and nowhere else.</summary>
    internal bool IsResidentOnly => !Resident.IsEmpty && Gallery.IsEmpty && NarrowGallery.IsEmpty;

    /// <summary>The square form: every row of a batch is an anchor, and a candidate for every other.</summary>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Its labels, <c>[N]</c>.</param>
    /// <param name="resident">
    /// The same values in a device's memory, <c>[N, D]</c>, as <see cref="Forward.OnnxEmbedder.Run(int, out DeviceMatrix)"/> gives them: a backend of that device mines them where they lie. Not
    /// used under <see cref="MiningOptions.Normalize"/>, which mines other values.
    /// </param>
    public static MiningInput Batch(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, DeviceMatrix resident = default) =>
        new(embeddings, labels, embeddings, labels, default, resident, isSquare: true);

    /// <summary>The rectangular form: anchors against a gallery, which may be larger than memory where it is mapped (<see cref="MappedMatrix"/>).</summary>
    /// <remarks>
    /// The CPU backend copies a gallery into its own order whole up to 256 MiB, and a window at a time beyond that; each anchor's positives and near ties are
    /// read where they stand. For every gallery row, whatever its dimension, a call holds 32 bytes (sorted labels, order, norm), and buffers have up to
    /// a quarter to spare; labels that leave gaps may take 16 more. Rules that see all of an anchor's distances (all but BatchHard,
    /// HardNegative and EasyPositive under <see cref="StatisticsLevel.Selected"/>) hold keys of as many anchors as 160 MiB allow, at least one tile's
    /// rows (4 or 8 floats a gallery row), and read the gallery once for each such group; those that draw or stream hold 32 bytes a gallery row and
    /// thread besides, DistanceWeighted 44. <see cref="MiningOptions.Normalize"/> makes a scaled copy of the whole gallery. A gallery whose rows of
    /// one label stand together is read in order.
    /// </remarks>
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
        new(anchors, anchorLabels, gallery, galleryLabels, anchorRows, default, isSquare: false);

    /// <summary>The square form over rows that lie in a device's memory and need not be on the host: a backend of that device mines and measures them where they lie.</summary>
    /// <remarks>
    /// They are copied to the host, once a call, where something there needs them: under <see cref="MiningOptions.Normalize"/>, by a backend of another device, by rules whose
    /// last step is done on the host (those that draw or stream; HardNegative and EasyPositive's NearestBeyondNegative under <see cref="StatisticsLevel.Selected"/>), and by a device that is short of memory.
    /// </remarks>
    /// <param name="embeddings">The batch, <c>[N, D]</c>, as <see cref="Forward.OnnxEmbedder.RunOnDevice"/> gives it.</param>
    /// <param name="labels">Its labels, <c>[N]</c>.</param>
    public static MiningInput Batch(DeviceMatrix embeddings, ReadOnlySpan<long> labels) =>
        new(default, labels, default, labels, default, embeddings, isSquare: true);

    /// <summary>The square form over float16 rows.</summary>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major. A backend on a device copies these, half the bytes of float32.</param>
    /// <param name="labels">Its labels, <c>[N]</c>.</param>
    public static MiningInput Batch(ReadOnlySpan2D<Half> embeddings, ReadOnlySpan<long> labels) => Batch(NarrowRows.Of(embeddings), labels);

    /// <summary>The square form over bfloat16 rows.</summary>
    /// <inheritdoc cref="Batch(ReadOnlySpan2D{Half}, ReadOnlySpan{long})"/>
    public static MiningInput Batch(ReadOnlySpan2D<BFloat16> embeddings, ReadOnlySpan<long> labels) => Batch(NarrowRows.Of(embeddings), labels);

    /// <summary>The square form over 16-bit rows.</summary>
    /// <inheritdoc cref="Batch(ReadOnlySpan2D{Half}, ReadOnlySpan{long})"/>
    public static MiningInput Batch(NarrowRows embeddings, ReadOnlySpan<long> labels) =>
        new(default, labels, default, labels, default, default, isSquare: true, embeddings, embeddings);

    /// <summary>The rectangular form over 16-bit rows.</summary>
    /// <param name="anchors">The anchors, <c>[A, D]</c> row-major.</param>
    /// <param name="anchorLabels">Their labels, <c>[A]</c>.</param>
    /// <param name="gallery">The gallery, <c>[G, D]</c> row-major, of either format. It is held as float32, whole, during a call.</param>
    /// <param name="galleryLabels">Its labels, <c>[G]</c>.</param>
    /// <param name="anchorRows">The gallery row that each anchor is, or −1, <c>[A]</c>; empty when none is.</param>
    public static MiningInput AgainstGallery(
        NarrowRows anchors,
        ReadOnlySpan<long> anchorLabels,
        NarrowRows gallery,
        ReadOnlySpan<long> galleryLabels,
        ReadOnlySpan<int> anchorRows = default) =>
        new(default, anchorLabels, default, galleryLabels, anchorRows, default, isSquare: false, anchors, gallery);

    /// <summary>The square form over rows in whichever of the three ways they are there.</summary>
    internal static MiningInput Batch(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, NarrowRows narrow, DeviceMatrix resident) =>
        new(embeddings, labels, embeddings, labels, default, resident, isSquare: true, narrow, narrow);

    /// <summary>The rectangular form without its labels.</summary>
    internal static MiningInput AgainstGallery(ReadOnlySpan2D<float> anchors, NarrowRows narrowAnchors, ReadOnlySpan2D<float> gallery, NarrowRows narrowGallery) =>
        new(anchors, default, gallery, default, default, default, isSquare: false, narrowAnchors, narrowGallery);

    /// <summary>The same input with its rows as float32 too.</summary>
    internal MiningInput WithRows(ReadOnlySpan2D<float> anchors, ReadOnlySpan2D<float> gallery) =>
        new(anchors, AnchorLabels, gallery, GalleryLabels, AnchorRows, Resident, IsSquare, NarrowAnchors, NarrowGallery);
}
