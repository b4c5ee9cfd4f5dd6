using Tercet.Galleries;

namespace Tercet.VectorData.Filtering;

/// <summary>Which rows a filter lets pass.</summary>
/// <param name="Passes">Whether a row does.</param>
/// <param name="Label">The label that is all that is asked for; null where more is.</param>
internal sealed record RowFilter(Func<GalleryRow, bool> Passes, string? Label = null);
