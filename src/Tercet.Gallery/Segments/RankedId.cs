namespace Tercet.Galleries.Segments;

/// <summary>A row that was found, with what answers are ordered by: the float64 key, then the id.</summary>
internal readonly record struct RankedId(double Key, long Id, float Distance) : IComparable<RankedId>
{
    public int CompareTo(RankedId other) => Key.CompareTo(other.Key) is var order and not 0 ? order : Id.CompareTo(other.Id);
}
