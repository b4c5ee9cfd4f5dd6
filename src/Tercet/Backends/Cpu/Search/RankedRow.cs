namespace Tercet.Backends.Cpu.Search;

/// <summary>A row and its float64 key, in the order of the answer: by key, then by row.</summary>
internal readonly record struct RankedRow(double Key, int Row) : IComparable<RankedRow>
{
    public int CompareTo(RankedRow other)
    {
        int order = Key.CompareTo(other.Key);
        return order != 0 ? order : Row.CompareTo(other.Row);
    }
}
