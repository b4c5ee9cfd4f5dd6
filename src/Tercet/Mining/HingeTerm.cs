namespace Tercet.Mining;

/// <summary>max(0, g); a gap of exactly 0 has no slope.</summary>
internal readonly struct HingeTerm : ITripletTerm
{
    public static double Value(double gap, out double slope)
    {
        slope = gap > 0 ? 1 : 0;
        return Math.Max(0, gap);
    }
}
