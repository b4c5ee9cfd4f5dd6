using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// For every anchor the few rows that may be its best (smallest score): those within twice the tolerance of the best score seen. One per worker,
/// so that workers share nothing. An anchor with more near ties than there is room for is marked, and decided by a rescan.
/// </summary>
internal sealed unsafe class CandidateTable : IDisposable
{
    /// <summary>Room for each anchor.</summary>
    public const int Capacity = 7;

    private PinnedBuffer<float> _limits = new(0);
    private PinnedBuffer<Entry> _entries = new(0);
    private float* _tolerances;

    /// <summary>A score is of interest to an anchor when it is not above this, <c>[count]</c>.</summary>
    public float* Limits { get; private set; }

    private Entry* Entries { get; set; }

    /// <summary>Forgets everything.</summary>
    /// <param name="count">Number of anchors, padded to whole panels.</param>
    /// <param name="tolerances">Twice the key tolerance of each, alive until the table is read.</param>
    // SAFETY: the buffers hold count elements, and every index below is an anchor's.
    public void Reset(int count, float* tolerances)
    {
        PinnedBuffer.Grow(ref _limits, count);
        PinnedBuffer.Grow(ref _entries, count);
        Limits = (float*)_limits.DangerousGetAddress();
        Entries = (Entry*)_entries.DangerousGetAddress();
        _tolerances = tolerances;
        new Span<float>(Limits, count).Fill(PackedPanels.LargestKey);
        for (int i = 0; i < count; i++)
            Entries[i].Count = 0;
    }

    /// <summary>Lowers an anchor's limit to what a score allows.</summary>
    public float Tighten(int anchor, float score)
    {
        float limit = score + _tolerances[anchor];
        if (limit < Limits[anchor])
            Limits[anchor] = limit;
        return Limits[anchor];
    }

    /// <summary>Takes a row whose score is not above the anchor's limit.</summary>
    public void Add(int anchor, float score, int position)
    {
        Entry* entry = Entries + anchor;
        if (entry->Count == Capacity)
            entry->DropAbove(Limits[anchor]);
        if (entry->Count >= Capacity)
        {
            entry->Count = Entry.Overflowed;
            return;
        }

        entry->Scores[entry->Count] = score;
        entry->Positions[entry->Count++] = position;
    }

    /// <summary>The candidates of an anchor whose scores are not above a limit.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="positions">Receives their positions; room for <see cref="Capacity"/>.</param>
    /// <returns>How many; −1 where there were too many to keep.</returns>
    public int Read(int anchor, float limit, Span<int> positions)
    {
        Entry* entry = Entries + anchor;
        if (entry->Count > Capacity)
            return -1;
        int count = 0;
        for (int i = 0; i < entry->Count; i++)
        {
            if (entry->Scores[i] <= limit)
                positions[count++] = entry->Positions[i];
        }

        return count;
    }

    public void Dispose()
    {
        _limits.Dispose();
        _entries.Dispose();
    }

    private struct Entry
    {
        public const int Overflowed = Capacity + 1;

        public fixed float Scores[Capacity];
        public fixed int Positions[Capacity];
        public int Count;

        public void DropAbove(float limit)
        {
            int kept = 0;
            for (int i = 0; i < Count; i++)
            {
                if (Scores[i] > limit)
                    continue;
                Scores[kept] = Scores[i];
                Positions[kept++] = Positions[i];
            }

            Count = kept;
        }
    }
}
