using System.Numerics;
using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// Counts, for every key of a block, how many of its anchor's thresholds lie above it, and tallies the counts. Where the key is too close to a threshold
/// its exact one decides.
/// </summary>
/// <param name="session">The session.</param>
/// <param name="scan">Whose thresholds and tallies.</param>
/// <param name="stride">Floats from one row of a block to the next.</param>
// SAFETY: in all methods blocks have TermWorker.LargestBlock rows of the stride, of which whole panels are in use; an anchor's tables and tallies are as long as its terms say.
internal sealed unsafe class RowCounter(CpuSession session, TermScan scan, int stride) : IDisposable
{
    private const int RowsAtATime = 8;
    private const int LargestAhead = 512;
    private const int LargestWords = TermWorker.LargestBlock / 4;

    private readonly ITermKernel _kernel = scan.Kernel;
    private readonly PinnedBuffer<int> _places = new(TermWorker.LargestBlock);
    private readonly PinnedBuffer<byte> _bytes = new(Tallies.ByteCount);
    private readonly PinnedBuffer<float> _offsets = MakeOffsets();
    private readonly PinnedBuffer<uint> _doubtful = new(RowsAtATime * LargestWords);

    /// <summary>Counts the keys of each anchor of a block.</summary>
    /// <param name="keys">The block, a row an anchor.</param>
    /// <param name="counts">Receives how many thresholds lie above each key, in the same shape.</param>
    /// <param name="firstAnchor">The first anchor's position.</param>
    /// <param name="anchors">Number of anchors.</param>
    /// <param name="firstOther">The first key's row, by position.</param>
    /// <param name="others">Number of keys an anchor.</param>
    /// <param name="exact">Receives exact keys where they had to be evaluated.</param>
    /// <remarks>
    /// A few rows are counted before any of them is looked at: what a doubtful key makes the processor guess wrong would otherwise hold up the next
    /// row's counting, and exact rows have time to arrive.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Count(float* keys, float* counts, int firstAnchor, int anchors, int firstOther, int others, ExactKeys exact)
    {
        int words = others / _kernel.Width;
        uint* doubtful = (uint*)_doubtful.DangerousGetAddress();
        int live = Math.Min(anchors, session.Layout.AnchorCount - firstAnchor);
        for (int first = 0; first < anchors; first += RowsAtATime)
        {
            uint doubts = 0;
            int end = Math.Min(anchors, first + RowsAtATime);
            for (int row = first; row < end; row++)
            {
                if (row + RowsAtATime < live)
                    Prefetch(firstAnchor + row + RowsAtATime);
                if (row >= live || !CountRow(keys + (row * stride), counts + (row * stride), firstAnchor + row, others, doubtful + ((row - first) * words)))
                    continue;
                doubts |= 1u << (row - first);
                AskForExact(counts + (row * stride), firstAnchor + row, firstOther, new Span<uint>(doubtful + ((row - first) * words), words));
            }

            for (; doubts != 0; doubts &= doubts - 1)
            {
                int row = first + BitOperations.TrailingZeroCount(doubts);
                Decide(counts + (row * stride), firstAnchor + row, firstOther, new Span<uint>(doubtful + ((row - first) * words), words), row, exact);
            }
        }

        for (int row = Math.Max(0, live); row < anchors; row++)
            new Span<float>(counts + (row * stride), others).Clear();
    }

    // Counts and tallies one anchor's row, and tells whether any of it is doubtful.
    private bool CountRow(float* keys, float* counts, int anchor, int others, uint* doubtful)
    {
        ThresholdTables tables = scan.Tables;
        AnchorTerms* terms = tables.Terms + anchor;
        if (terms->Words.Count > 0)
        {
            // The next row, too: what is written would otherwise be waited for in order.
            _kernel.Prefetch(keys + stride, others);
            _kernel.Prefetch(counts + stride, others);
            return _kernel.CountWords(keys, others, *terms, tables.TablesOf(anchor), counts, doubtful, scan.TalliesOf(anchor));
        }

        if (terms->Count == 0 || !_kernel.Count(keys, others, tables.TablesOf(anchor), ThresholdTables.ChunksOf(terms->Count), terms->Slack, terms->SmallKey, counts, doubtful))
        {
            new Span<float>(counts, others).Clear();
            return false;
        }

        _kernel.Tally(others, counts, (int*)_places.DangerousGetAddress(), new Tallies(scan.TalliesOf(anchor), terms->Count, (byte*)_bytes.DangerousGetAddress(), (float*)_offsets.DangerousGetAddress()));
        return new ReadOnlySpan<uint>(doubtful, others / _kernel.Width).ContainsAnyExcept(0u);
    }

    // An anchor's few cache lines lie anywhere in memory, and counting a row is too short to wait for them.
    private void Prefetch(int anchor)
    {
        AnchorTerms* terms = scan.Tables.Terms + anchor;
        _kernel.Prefetch((float*)(terms + RowsAtATime), 1);
        if (_kernel.CountsWords)
            _kernel.Prefetch((float*)terms->Words.Table, WordThresholds.TableLength / 2);
        _kernel.Prefetch(scan.Tables.TablesOf(anchor), _kernel.CountsWords ? terms->Count + 1 : ThresholdTables.TableLength);
        _kernel.Prefetch((float*)scan.TalliesOf(anchor), terms->Count + 1);
    }

    // Rows in the caller's order lie anywhere in memory, and so do the thresholds that their distances are compared with.
    private void AskForExact(float* counts, int anchor, int firstOther, ReadOnlySpan<uint> doubtful)
    {
        int floats = Math.Min(session.Gallery.Depth, LargestAhead);
        _kernel.Prefetch(session.GalleryRow(anchor), floats);
        ReadOnlySpan<double> thresholds = scan.Tables.Thresholds(anchor);
        fixed (double* first = thresholds)
        {
            for (int word = 0; word < doubtful.Length; word++)
            {
                for (uint bits = doubtful[word]; bits != 0; bits &= bits - 1)
                {
                    int other = (word * _kernel.Width) + BitOperations.TrailingZeroCount(bits);
                    _kernel.Prefetch(session.GalleryRow(firstOther + other), floats);
                    Ahead.Line(first + thresholds.Length - (int)counts[other]);
                }
            }
        }
    }

    // Decides the doubtful keys of one anchor's row by the exact ones, which take their places.
    private void Decide(float* counts, int anchor, int firstOther, ReadOnlySpan<uint> doubtful, int row, ExactKeys exact)
    {
        ReadOnlySpan<double> thresholds = scan.Tables.Thresholds(anchor);
        int* tallies = scan.TalliesOf(anchor);
        for (int word = 0; word < doubtful.Length; word++)
        {
            for (uint bits = doubtful[word]; bits != 0; bits &= bits - 1)
            {
                int other = (word * _kernel.Width) + BitOperations.TrailingZeroCount(bits);
                int count = (int)counts[other];
                tallies[count]--;
                double key = session.ExactKey(anchor, firstOther + other);
                count = CountAbove(thresholds, MetricKey.ToValue(session.Metric, key), count);
                exact.Set(row, other, (float)key);
                counts[other] = count;
                tallies[count]++;
            }
        }
    }

    // Hardly ever more than a step or two below the largest count that there can be.
    private static int CountAbove(ReadOnlySpan<double> thresholds, double distance, int largest)
    {
        const int Steps = 4;
        for (int count = largest; count > largest - Steps; count--)
        {
            if (count == 0 || thresholds[^count] > distance)
                return count;
        }

        return CountAbove(thresholds, distance);
    }

    // Without a branch to mispredict: every step adds half of what is left, or nothing.
    private static int CountAbove(ReadOnlySpan<double> thresholds, double distance)
    {
        int start = 0;
        for (int length = thresholds.Length; length > 1;)
        {
            int half = length / 2;
            start += Convert.ToInt32(thresholds[start + half - 1] <= distance) * half;
            length -= half;
        }

        return thresholds.Length - start - Convert.ToInt32(thresholds[start] <= distance);
    }

    public void Dispose()
    {
        _places.Dispose();
        _bytes.Dispose();
        _offsets.Dispose();
        _doubtful.Dispose();
    }

    private static PinnedBuffer<float> MakeOffsets()
    {
        PinnedBuffer<float> offsets = new(32);
        Tallies.FillOffsets(offsets.Span);
        return offsets;
    }
}
