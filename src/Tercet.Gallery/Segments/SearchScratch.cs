using Tercet.Search;

namespace Tercet.Galleries.Segments;

/// <summary>Working memory of one search at a time, kept between searches so that they allocate nothing.</summary>
internal sealed class SearchScratch
{
    private Neighbor[] _rows = [];
    private RankedId[] _ranked = [];

    /// <summary>Room for what a segment finds.</summary>
    public Neighbor[] Rows(int length) => Grow(ref _rows, length);

    /// <summary>Room for what all segments found so far.</summary>
    public RankedId[] Ranked(int length) => Grow(ref _ranked, length);

    private static T[] Grow<T>(ref T[] array, int length)
    {
        if (array.Length < length)
            array = new T[length];
        return array;
    }
}
