namespace Tercet.Mining;

/// <summary>ln(1 + eᵍ), whose slope is the logistic function.</summary>
internal readonly struct SoftMarginTerm : ITripletTerm
{
    public static double Value(double gap, out double slope)
    {
        // e to a positive power could overflow.
        double small = Math.Exp(-Math.Abs(gap));
        slope = (gap > 0 ? 1 : small) / (1 + small);
        return Math.Max(0, gap) + Math.Log(1 + small);
    }
}
