using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>One worker's lists and scratch.</summary>
internal sealed unsafe class SearchWorker : IDisposable
{
    private readonly PinnedBuffer<float> _scores;
    private readonly PinnedBuffer<float> _bounds;
    private readonly PinnedBuffer<ulong> _rowHits = new(16);
    private readonly PinnedBuffer<float> _tail;
    private readonly PinnedBuffer<KeptRow> _kept;
    private FilterTrial _trial;

    // SAFETY: the buffers live as long as the worker.
    public SearchWorker(SearchPass pass, int scores, int kept, int tailFloats)
    {
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

    /// <summary>How many.</summary>
    public int KeptCount { get; set; }

    /// <summary>Where a tile's rows have hits.</summary>
    public ulong* RowHits { get; }

    /// <summary>How many rows to scan before their scores are looked at.</summary>
    public int ChunkRows { get; set; }

    /// <summary>Whether the codes pay.</summary>
    public ref FilterTrial Trial => ref _trial;

    /// <summary>Adds a row to look at.</summary>
    // SAFETY: there is room for every row of a block of code tiles, and of a chunk.
    public void Keep(int query, int row) => Kept[KeptCount++] = new KeptRow(query, row);

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
