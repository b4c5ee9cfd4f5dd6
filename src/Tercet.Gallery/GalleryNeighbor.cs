namespace Tercet.Galleries;

/// <summary>One row that a search of a gallery found.</summary>
/// <param name="Id">The row's id; −1 where there was none left.</param>
/// <param name="Distance">Its distance from the query in the metric's unit, evaluated in float64 and rounded once; +∞ where there was no row left.</param>
public readonly record struct GalleryNeighbor(long Id, float Distance)
{
    /// <summary>What stands in places for which the gallery has no row.</summary>
    public static GalleryNeighbor None => new(-1, float.PositiveInfinity);
}
