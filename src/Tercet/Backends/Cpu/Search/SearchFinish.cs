using Tercet.Memory;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search;

/// <summary>Decides each query: merges the workers' candidates, looks at those in float64 that the bounds leave, and writes the k best by (key, row).</summary>
internal sealed unsafe class SearchFinish(SearchPass pass) : ITeamJob, IDisposable
{
    private CandidateLists[] _lists = [];
    private PinnedBuffer<float> _uppers = new(0);
    private PinnedBuffer<KeyedRow> _ranked = new(0);
    private int _listCount;
    private int _room;
    private int _k;
    private Neighbor* _nearest;
    private nint _stride;
    private long _looked;

    /// <summary>Rows that float64 looked at in the last pass.</summary>
    public long Looked => _looked;

    /// <summary>Says what to merge, and where to.</summary>
    // SAFETY: nearest stays pinned while the job runs; each query has k elements of its own, each worker a stretch of the scratch.
    public void Prepare(ReadOnlySpan<SearchWorker> workers, int k, Neighbor* nearest, nint stride)
    {
        if (_lists.Length < workers.Length)
            _lists = new CandidateLists[workers.Length];
        for (int i = 0; i < workers.Length; i++)
            _lists[i] = workers[i].Lists;
        _listCount = workers.Length;
        _room = workers.Length * CandidateLists.CapacityFor(k);
        PinnedBuffer.Grow(ref _uppers, (long)workers.Length * _room);
        PinnedBuffer.Grow(ref _ranked, (long)workers.Length * _room);
        (_k, _stride, _looked) = (k, stride, 0);
        _nearest = nearest;
    }

    void ITeamJob.Execute(int worker, int item)
    {
        Span<Neighbor> nearest = new(_nearest + (item * _stride), _k);
        if (pass.IsAnswered(item))
        {
            TakeFirst(nearest);
            return;
        }

        Span<KeyedRow> ranked = _ranked.Span.Slice(worker * _room, _room);
        ranked = ranked[..Rank(item, BoundOf(item, _uppers.Span.Slice(worker * _room, _room)), ranked)];
        ranked.Sort();
        Interlocked.Add(ref _looked, ranked.Length);
        for (int i = 0; i < nearest.Length; i++)
            nearest[i] = i < ranked.Length ? new Neighbor(ranked[i].Row, pass.Gallery.DistanceOf(ranked[i].Key)) : Neighbor.None;
    }

    public void Dispose()
    {
        _uppers.Dispose();
        _ranked.Dispose();
    }

    private void TakeFirst(Span<Neighbor> nearest)
    {
        int row = 0;
        for (int i = 0; i < nearest.Length; i++, row++)
        {
            while (row < pass.Gallery.Count && pass.Gallery.IsMasked(row))
                row++;
            nearest[i] = row < pass.Gallery.Count ? new Neighbor(row, 1) : Neighbor.None;
        }
    }

    private float BoundOf(int query, Span<float> uppers)
    {
        int count = 0;
        for (int i = 0; i < _listCount; i++)
        {
            foreach (Candidate candidate in _lists[i].Of(query))
                uppers[count++] = candidate.Upper;
        }

        return count < _k ? float.PositiveInfinity : Math.Min(pass.Bounds[query], Selection.NthSmallest(uppers[..count], _k - 1));
    }

    private int Rank(int query, float bound, Span<KeyedRow> ranked)
    {
        int count = 0;
        for (int i = 0; i < _listCount; i++)
        {
            foreach (Candidate candidate in _lists[i].Of(query))
            {
                if (candidate.Lower <= bound)
                    ranked[count++] = new KeyedRow(pass.ExactKey(query, candidate.Row), candidate.Row);
            }
        }

        return count;
    }
}
