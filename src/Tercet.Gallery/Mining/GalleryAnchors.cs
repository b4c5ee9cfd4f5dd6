using CommunityToolkit.HighPerformance;

namespace Tercet.Galleries.Mining;

/// <summary>Anchors that are no rows of the gallery that is mined.</summary>
/// <param name="Rows">The anchors, <c>[A, D]</c>, finite.</param>
/// <param name="Labels">Their labels, <c>[A]</c>, as the gallery's are written; an empty one is no anchor.</param>
public sealed record GalleryAnchors(ReadOnlyMemory2D<float> Rows, IReadOnlyList<string> Labels);
