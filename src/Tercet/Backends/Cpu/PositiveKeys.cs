using System.Runtime.CompilerServices;
using Tercet.Memory;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The float64 keys of all anchor-positive pairs. In the square form a pair's key serves both of its ends, so each is computed once.
/// </summary>
internal sealed unsafe class PositiveKeys(CpuSession session) : ITeamJob, IDisposable
{
    private const int AnchorsPerItem = 64;

    private PinnedBuffer<double> _keys = new(0);

    /// <summary>Computes them, O(N·K) of them, with as many threads as they are worth.</summary>
    public void Compute()
    {
        RowLayout layout = session.Layout;
        PinnedBuffer.Grow(ref _keys, layout.PairCount);
        int items = (layout.AnchorCount + AnchorsPerItem - 1) / AnchorsPerItem;
        session.Team.Run(this, items, session.WorkersFor((double)layout.PairCount * session.Gallery.Depth), session.Cancellation);
    }

    /// <summary>One anchor's keys, its positives in order of position.</summary>
    // SAFETY: the pairs of one anchor are consecutive, as many as the layout says.
    public double* Of(int anchor) => (double*)_keys.DangerousGetAddress() + session.Layout.PairOffsets[anchor];

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void ITeamJob.Execute(int worker, int item)
    {
        RowLayout layout = session.Layout;
        int end = Math.Min(layout.AnchorCount, (item + 1) * AnchorsPerItem);
        for (int anchor = item * AnchorsPerItem; anchor < end; anchor++)
        {
            int classStart = layout.ClassStarts[anchor];
            int classEnd = layout.ClassEnds[anchor];
            double* keys = Of(anchor);
            if (!layout.IsSymmetric)
            {
                int self = layout.SelfPositions[anchor];
                for (int position = classStart; position < classEnd; position++)
                {
                    if (position != self)
                        *keys++ = session.ExactKey(anchor, position);
                }

                continue;
            }

            // Pairs (anchor, later row): the later row has this anchor at its own place among its positives.
            int place = anchor - classStart;
            for (int position = anchor + 1; position < classEnd; position++)
            {
                double key = session.ExactKey(anchor, position);
                keys[position - classStart - 1] = key;
                Of(position)[place] = key;
            }
        }
    }

    public void Dispose() => _keys.Dispose();
}
