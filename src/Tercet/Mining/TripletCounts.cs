namespace Tercet.Mining;

/// <summary>
/// Exact counts over all valid triplets, by the gap g = d(a,n) − d(a,p) of float64 distances. The three add up to the number of valid triplets.
/// </summary>
/// <param name="Hard">Triplets with g ≤ 0.</param>
/// <param name="SemiHard">Triplets with 0 &lt; g ≤ α.</param>
/// <param name="Easy">Triplets with g &gt; α.</param>
public readonly record struct TripletCounts(long Hard, long SemiHard, long Easy)
{
    /// <summary>All of them.</summary>
    public long Total => Hard + SemiHard + Easy;

    /// <summary>The fraction with g ≤ α; 0 when there is none at all.</summary>
    public double ViolatingFraction => Total == 0 ? 0 : (double)(Hard + SemiHard) / Total;
}
