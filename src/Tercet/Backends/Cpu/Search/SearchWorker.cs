using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>One worker's lists and scratch.</summary>
internal sealed unsafe class SearchWorker : IDisposable
{
    private const int RowsAhead = 4;

    private readonly PinnedBuffer<float> _scores;
    private readonly PinnedBuffer<float> _bounds;
    private readonly PinnedBuffer<ulong> _rowHits = new(16);
    private readonly PinnedBuffer<float> _tail;
    private readonly PinnedBuffer<KeptRow> _kept;
    private readonly SearchPass _pass;
    private FilterTrial _trial;
    private int _keptCount;

    // SAFETY: the buffers live as long as the worker.
    public SearchWorker(SearchPass pass, int scores, int kept, int tailFloats)
    {
        _pass = pass;
        _kept = new PinnedBuffer<KeptRow>(kept);
        Kept = (KeptRow*)_kept.DangerousGetAddress();
        _bounds = new PinnedBuffer<float>(scores);
        Bounds = (float*)_bounds.DangerousGetAddress();
        _scores = new PinnedBuffer<float>(scores);
        _tail = new PinnedBuffer<float>(tailFloats);
        Scores = (float*)_scores.DangerousGetAddress();
        RowHits = (ulong*)_rowHits.DangerousGetAddress();
        Lists = new CandidateLists(pass);
    }

    public CandidateLists Lists { get; }

    /// <summary>Scores of a tile or of a chunk.</summary>
    public float* Scores { get; }

    /// <summary>Lower bounds of the scores of a chunk.</summary>
    public float* Bounds { get; }

    /// <summary>What the codes have left to look at.</summary>
    public KeptRow* Kept { get; }

    /// <summary>Where a tile's rows have hits.</summary>
    public ulong* RowHits { get; }

    /// <summary>How many rows to scan before their scores are looked at.</summary>
    public int ChunkRows { get; set; }

    /// <summary>Whether the codes pay.</summary>
    public ref FilterTrial Trial => ref _trial;

    /// <summary>Adds a row to look at.</summary>
    // SAFETY: there is room for every row of a block of code tiles, and of a chunk.
    public void Keep(int query, int row) => Kept[_keptCount++] = new KeptRow(query, row);

    /// <summary>
    /// Takes of the rows kept those that float32 leaves, hardly any beside the answer. They lie far apart, so each is asked for some rows before.
    /// </summary>
    /// <returns>How many were looked at.</returns>
    public int LookAtKept(SearchKernel kernel, PlainQueries plain)
    {
        GalleryRows gallery = _pass.Gallery;
        int count = _keptCount;
        for (int i = 0; i < Math.Min(RowsAhead, count); i++)
            Ahead.Rows(gallery.Source[Kept[i].Row], 0, gallery.Depth, 1);
        for (int i = 0; i < count; i++)
        {
            if (i + RowsAhead < count)
                Ahead.Rows(gallery.Source[Kept[i + RowsAhead].Row], 0, gallery.Depth, 1);
            (int query, int row) = Kept[i];
            kernel.Dot(gallery.Source[row], gallery.Depth, plain[query], gallery.Factors + row, gallery.Biases + row, Scores);
            if (*Scores <= _pass.Limits[query])
                Lists.Add(query, _pass.CandidateOf(query, *Scores, row));
        }

        _keptCount = 0;
        return count;
    }

    /// <summary>Takes the rows that only float64 can score, for every query.</summary>
    public void AddUnscored()
    {
        foreach (int row in _pass.Gallery.Unscored)
        {
            for (int query = 0; query < _pass.Count; query++)
            {
                if (!_pass.IsAnswered(query))
                    Lists.Add(query, _pass.Bracket(query, new KeyedRow(_pass.ExactKey(query, row), row)));
            }
        }
    }

    /// <summary>Copies the last rows of the gallery, fewer than a tile has, in front of rows of zeros.</summary>
    // SAFETY: the scratch holds a tile's rows.
    public float* CopyTail(GalleryRows gallery, int first, int count)
    {
        _tail.Span.Clear();
        for (int row = 0; row < count; row++)
            new ReadOnlySpan<float>(gallery.Source[first + row], gallery.Depth).CopyTo(_tail.Span[(row * gallery.Depth)..]);
        return (float*)_tail.DangerousGetAddress();
    }

    public void Dispose()
    {
        Lists.Dispose();
        _bounds.Dispose();
        _scores.Dispose();
        _kept.Dispose();
        _rowHits.Dispose();
        _tail.Dispose();
    }
}
