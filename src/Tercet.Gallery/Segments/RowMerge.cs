namespace Tercet.Galleries.Segments;

/// <summary>Goes through the rows of several sources in ascending order of id, left-out ones left out. Begun anew for every column, so that no order is ever held.</summary>
internal struct RowMerge
{
    private readonly IRowSource[] _sources;
    private readonly int[] _next;
    private readonly long[] _heads;

    public RowMerge(IRowSource[] sources)
    {
        _sources = sources;
        _next = new int[sources.Length];
        _heads = new long[sources.Length];
        for (int i = 0; i < sources.Length; i++)
        {
            _next[i] = -1;
            Advance(i);
        }
    }

    /// <summary>Where the row is that <see cref="MoveNext"/> came to.</summary>
    public IRowSource Source { get; private set; } = null!;

    /// <summary>Its number there.</summary>
    public int Row { get; private set; }

    public bool MoveNext()
    {
        int first = -1;
        for (int i = 0; i < _heads.Length; i++)
        {
            if (_heads[i] != long.MaxValue && (first < 0 || _heads[i] < _heads[first]))
                first = i;
        }

        if (first < 0)
            return false;
        (Source, Row) = (_sources[first], _next[first]);
        Advance(first);
        return true;
    }

    private readonly void Advance(int source)
    {
        IRowSource rows = _sources[source];
        int row = _next[source] + 1;
        while (row < rows.Count && rows.IsRemoved(row))
            row++;
        _next[source] = row;
        _heads[source] = row < rows.Count ? rows.Id(row) : long.MaxValue;
    }
}
