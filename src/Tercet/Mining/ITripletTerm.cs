namespace Tercet.Mining;

/// <summary>What one triplet adds to a loss, as a function of its gap d(a,p) − d(a,n) + α.</summary>
internal interface ITripletTerm
{
    /// <summary>The term.</summary>
    /// <param name="gap">d(a,p) − d(a,n) + α.</param>
    /// <param name="slope">Its derivative.</param>
    static abstract double Value(double gap, out double slope);
}
