namespace Tercet.Evaluation;

/// <summary>The pairs of one kind up to the end of a window: how many lie below it, and how many inside at each distance.</summary>
internal sealed class WindowCounts
{
    private readonly float[] _distances;
    private readonly long[] _upTo;

    /// <param name="below">Pairs below the window.</param>
    /// <param name="inside">Distances inside and how many pairs have them; a distance may come several times.</param>
    public WindowCounts(long below, IEnumerable<KeyValuePair<float, long>> inside)
    {
        Below = below;
        (float Distance, long Count)[] ascending = [.. inside.GroupBy(pair => pair.Key).Select(group => (group.Key, group.Sum(pair => pair.Value))).OrderBy(pair => pair.Key)];
        _distances = [.. ascending.Select(pair => pair.Distance)];
        _upTo = new long[ascending.Length];
        for (int i = 0; i < ascending.Length; i++)
            _upTo[i] = below += ascending[i].Count;
    }

    /// <summary>Pairs below the window.</summary>
    public long Below { get; }

    /// <summary>The distances inside, ascending, none twice.</summary>
    public ReadOnlySpan<float> Distances => _distances;

    /// <summary>Pairs at a distance or nearer, for one that is not beyond the window.</summary>
    public long UpTo(double distance) => CountTo(SortedScores.CountUpTo(_distances, distance));

    /// <summary>Pairs nearer than a distance.</summary>
    public long NearerThan(double distance) => CountTo(SortedScores.CountBelow(_distances, distance));

    /// <summary>The distance inside the window of the pair that has so many before it.</summary>
    public float At(long rank)
    {
        int place = _upTo.AsSpan().BinarySearch(rank + 1);
        return _distances[place >= 0 ? place : ~place];
    }

    /// <summary>The largest distance inside that is below another; <see cref="RocCurve.RejectAll"/> where there is none.</summary>
    public double LargestBelow(double distance) => SortedScores.CountBelow(_distances, distance) is > 0 and int count ? _distances[count - 1] : RocCurve.RejectAll;

    private long CountTo(int distances) => distances == 0 ? Below : _upTo[distances - 1];
}
