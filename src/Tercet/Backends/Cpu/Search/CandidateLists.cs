using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// For every query of a pass, the rows that one worker has found to be possible neighbours. A full list is pruned: the k-th smallest upper bound is an upper
/// bound of the k-th best score, and rows whose lower bound is above it are out. Where bounds alone do not thin it (duplicates, a collapsed gallery),
/// float64 keeps the k best by (key, row).
/// </summary>
internal sealed unsafe class CandidateLists(SearchPass pass) : IDisposable
{
    private PinnedBuffer<Candidate> _candidates = new(0);
    private PinnedBuffer<int> _counts = new(0);
    private PinnedBuffer<float> _bounds = new(0);
    private PinnedBuffer<KeyedRow> _ranked = new(0);
    private Candidate* _list;
    private int* _count;
    private int _k;
    private int _capacity;

    /// <summary>Room for each query.</summary>
    public static int CapacityFor(int k) => k + Math.Max(24, k / 2);

    // SAFETY: for the whole class, the buffers hold queries × capacity candidates, one count a query, and capacity elements of scratch.

    /// <summary>Forgets everything.</summary>
    public void Reset(int queries, int k)
    {
        _k = k;
        _capacity = CapacityFor(k);
        PinnedBuffer.Grow(ref _candidates, (long)queries * _capacity);
        PinnedBuffer.Grow(ref _counts, queries);
        PinnedBuffer.Grow(ref _bounds, _capacity);
        PinnedBuffer.Grow(ref _ranked, _capacity);
        _list = (Candidate*)_candidates.DangerousGetAddress();
        _count = (int*)_counts.DangerousGetAddress();
        new Span<int>(_count, queries).Clear();
    }

    /// <summary>The candidates of a query.</summary>
    public ReadOnlySpan<Candidate> Of(int query) => new(_list + ((nint)query * _capacity), _count[query]);

    /// <summary>Takes a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int query, Candidate candidate)
    {
        int count = _count[query];
        _list[((nint)query * _capacity) + count] = candidate;
        _count[query] = ++count;
        if (count == _capacity)
            Prune(query);
    }

    public void Dispose()
    {
        _candidates.Dispose();
        _counts.Dispose();
        _bounds.Dispose();
        _ranked.Dispose();
    }

    private void Prune(int query)
    {
        Span<Candidate> list = new(_list + ((nint)query * _capacity), _capacity);
        Span<float> uppers = _bounds.Span[.._capacity];
        for (int i = 0; i < list.Length; i++)
            uppers[i] = list[i].Upper;
        float bound = pass.Lower(query, Selection.NthSmallest(uppers, _k - 1));

        int kept = 0;
        foreach (Candidate candidate in list)
        {
            if (candidate.Lower <= bound)
                list[kept++] = candidate;
        }

        _count[query] = kept <= (_k + _capacity) / 2 ? kept : KeepBest(query, list[..kept]);
    }

    private int KeepBest(int query, Span<Candidate> list)
    {
        Span<KeyedRow> ranked = _ranked.Span[..list.Length];
        for (int i = 0; i < list.Length; i++)
            ranked[i] = new KeyedRow(pass.ExactKey(query, list[i].Row), list[i].Row);
        ranked.Sort();
        int kept = Math.Min(_k, ranked.Length);
        for (int i = 0; i < kept; i++)
            list[i] = pass.Bracket(query, ranked[i]);
        if (kept == _k)
            pass.Lower(query, list[kept - 1].Upper);
        return kept;
    }
}
