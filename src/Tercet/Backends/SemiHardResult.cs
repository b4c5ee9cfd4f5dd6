namespace Tercet.Backends;

/// <summary>
/// One anchor's semi-hard negatives. Rows are gallery positions, distances float64 in the metric's unit; arrays are in ascending order of the
/// positives' positions.
/// </summary>
public readonly ref struct SemiHardResult
{
    /// <summary>The positives.</summary>
    public ReadOnlySpan<int> Positives { get; init; }

    /// <summary>Their distances.</summary>
    public ReadOnlySpan<double> PositiveDistances { get; init; }

    /// <summary>For each positive the nearest negative strictly farther than it; −1 where there is none.</summary>
    public ReadOnlySpan<RankedRow> Negatives { get; init; }

    /// <summary>The nearest negative of all.</summary>
    public RankedRow Nearest { get; init; }

    /// <summary>The farthest negative of all, ties to the lowest original row; −1 where it was not asked for.</summary>
    public RankedRow Farthest { get; init; }

    /// <summary>Triplets of this anchor with a gap ≤ 0; 0 where nothing was to be counted.</summary>
    public long Hard { get; init; }

    /// <summary>Triplets of this anchor with a gap ≤ α; 0 where nothing was to be counted.</summary>
    public long Violating { get; init; }
}
