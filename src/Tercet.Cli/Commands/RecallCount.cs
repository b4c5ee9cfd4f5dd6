using System.Diagnostics;
using Tercet.Galleries;

namespace Tercet.Cli.Commands;

/// <summary>Counts which of the exact neighbours an approximate search found, and times the exact searches.</summary>
internal sealed class RecallCount(GallerySnapshot snapshot, int k)
{
    private readonly GalleryNeighbor[] _exact = new GalleryNeighbor[k];
    private long _found;
    private long _all;

    public double ExactMs { get; private set; }

    /// <summary>The share found, of all queries together; 1 where there was nothing to find.</summary>
    public double Recall => _all == 0 ? 1 : (double)_found / _all;

    /// <summary>Takes one query's approximate neighbours.</summary>
    public void Add(ReadOnlySpan<float> query, ReadOnlySpan<GalleryNeighbor> approximate)
    {
        long start = Stopwatch.GetTimestamp();
        int count = snapshot.Search(query, _exact);
        ExactMs += Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        HashSet<long> ids = [.. _exact.Take(count).Select(neighbor => neighbor.Id)];
        foreach (GalleryNeighbor neighbor in approximate)
            _found += ids.Contains(neighbor.Id) ? 1 : 0;
        _all += count;
    }
}
