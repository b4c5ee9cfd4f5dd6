namespace Tercet.Backends;

/// <summary>A gallery row and its distance.</summary>
/// <param name="Position">Gallery position; −1 for none.</param>
/// <param name="Distance">Its distance in the metric's unit, float64.</param>
public readonly record struct RankedRow(int Position, double Distance)
{
    /// <summary>No row.</summary>
    public static readonly RankedRow None = new(-1, 0);
}
