namespace Tercet.Search;

/// <summary>One row that a search found.</summary>
/// <param name="Row">The row of the gallery; −1 where there was none left.</param>
/// <param name="Distance">Its distance from the query in the metric's unit, evaluated in float64 and rounded once; +∞ where there was no row left.</param>
public readonly record struct Neighbor(int Row, float Distance)
{
    /// <summary>What stands in places for which the gallery has no row.</summary>
    public static Neighbor None => new(-1, float.PositiveInfinity);
}
