using System.Runtime.InteropServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// For every anchor the few rows that may be its best (smallest score): those within twice the tolerance of the best score seen. One per worker;
/// the workers share the limits alone. An anchor with more near ties than there is room for is marked, and decided by a rescan.
/// </summary>
internal sealed unsafe class CandidateTable : IDisposable
{
    /// <summary>Room for each anchor.</summary>
    public const int Capacity = 7;

    private const int Overflowed = Capacity + 1;

    private PinnedBuffer<Entry> _entries = new(0);
    private PinnedBuffer<byte> _counts = new(0);
    private float* _tolerances;

    /// <summary>A score is of interest to an anchor when it is not above this, <c>[count]</c>. Workers write it without a lock: every value is a valid limit.</summary>
    public float* Limits { get; private set; }

    private Entry* Entries { get; set; }

    // Apart from the entries: to forget them all is to clear these, not to fetch every entry's cache line.
    private byte* Counts { get; set; }

    /// <summary>Forgets everything.</summary>
    /// <param name="count">Number of anchors, padded to whole panels.</param>
    /// <param name="limits">All workers' limits.</param>
    /// <param name="tolerances">Twice the key tolerance of each, alive until the table is read.</param>
    // SAFETY: the buffers hold count elements, and every index below is an anchor's.
    public void Reset(int count, float* limits, float* tolerances)
    {
        PinnedBuffer.Grow(ref _entries, count);
        PinnedBuffer.Grow(ref _counts, count);
        Limits = limits;
        Entries = (Entry*)_entries.DangerousGetAddress();
        Counts = (byte*)_counts.DangerousGetAddress();
        _tolerances = tolerances;
        new Span<byte>(Counts, count).Clear();
    }

    /// <summary>Lowers an anchor's limit to what a score allows, and asks for what <see cref="Add"/> is about to write to.</summary>
    public float Tighten(int anchor, float score)
    {
        Ahead.Line(Entries + anchor);
        float limit = score + _tolerances[anchor];
        if (limit < Limits[anchor])
            Limits[anchor] = limit;
        return Limits[anchor];
    }

    /// <summary>Takes a row whose score is not above the anchor's limit.</summary>
    public void Add(int anchor, float score, int position)
    {
        Entry* entry = Entries + anchor;
        int count = Counts[anchor];
        if (count == Capacity)
            count = entry->KeepUpTo(Limits[anchor]);
        if (count < Capacity)
        {
            entry->Scores[count] = score;
            entry->Positions[count] = position;
        }

        // One more than there is room for says that there were too many, and stays so.
        Counts[anchor] = (byte)Math.Min(count + 1, Overflowed);
    }

    /// <summary>The candidates of an anchor whose scores are not above a limit.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="limit">The limit.</param>
    /// <param name="positions">Receives their positions; room for <see cref="Capacity"/>.</param>
    /// <returns>How many; −1 where there were too many to keep.</returns>
    public int Read(int anchor, float limit, Span<int> positions)
    {
        Entry* entry = Entries + anchor;
        if (Counts[anchor] == Overflowed)
            return -1;
        int count = 0;
        for (int i = 0; i < Counts[anchor]; i++)
        {
            if (entry->Scores[i] <= limit)
                positions[count++] = entry->Positions[i];
        }

        return count;
    }

    public void Dispose()
    {
        _entries.Dispose();
        _counts.Dispose();
    }

    // One cache line.
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Entry
    {
        public fixed float Scores[Capacity];
        public fixed int Positions[Capacity];

        /// <summary>Drops, of a full entry, what is above a limit.</summary>
        /// <returns>How many are left.</returns>
        public int KeepUpTo(float limit)
        {
            int kept = 0;
            for (int i = 0; i < Capacity; i++)
            {
                if (Scores[i] > limit)
                    continue;
                Scores[kept] = Scores[i];
                Positions[kept++] = Positions[i];
            }

            return kept;
        }
    }
}
