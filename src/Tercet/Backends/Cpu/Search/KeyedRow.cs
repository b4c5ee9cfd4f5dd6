namespace Tercet.Backends.Cpu.Search;

/// <summary>A row and its float64 key, in the order of the answer: by key, then by row.</summary>
internal readonly record struct KeyedRow(double Key, int Row) : IComparable<KeyedRow>
{
    public int CompareTo(KeyedRow other)
    {
        int order = Key.CompareTo(other.Key);
        return order != 0 ? order : Row.CompareTo(other.Row);
    }
}
