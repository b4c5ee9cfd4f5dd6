using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cuda;

/// <summary>Takes one anchor's buckets apart: what a worker hands on. Reused from anchor to anchor.</summary>
internal sealed class SemiHardRow : IDisposable
{
    private PinnedBuffer<int> _positions = new(0);
    private PinnedBuffer<RankedRow> _negatives = new(0);

    /// <summary>The nearest negative beyond a positive is that of the first bucket above it that holds any.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="classStart">First position of the anchor's label.</param>
    /// <param name="self">The anchor's own position, or −1.</param>
    /// <param name="values">The positives' distances, by position.</param>
    /// <param name="order">Rank → index of a positive.</param>
    /// <param name="found">A gallery position or −1 for each bucket: the positives and one more.</param>
    /// <param name="keys">Their exact keys.</param>
    /// <returns>The anchor's result but for its farthest negative and its counts; valid until the next call.</returns>
    public SemiHardResult Decode(
        DistanceMetric metric, int classStart, int self, ReadOnlySpan<double> values, ReadOnlySpan<int> order, ReadOnlySpan<int> found, ReadOnlySpan<double> keys)
    {
        int count = values.Length;
        PinnedBuffer.Grow(ref _positions, count);
        PinnedBuffer.Grow(ref _negatives, count);
        Span<int> positions = _positions.Span[..count];
        Span<RankedRow> negatives = _negatives.Span[..count];
        for (int index = 0, position = classStart; index < count; position++)
        {
            if (position != self)
                positions[index++] = position;
        }

        RankedRow next = RankedRow.None;
        for (int rank = count; rank >= 0; rank--)
        {
            if (found[rank] >= 0)
                next = new RankedRow(found[rank], MetricKey.ToValue(metric, keys[rank]));
            if (rank > 0)
                negatives[order[rank - 1]] = next;
        }

        return new SemiHardResult { Positives = positions, PositiveDistances = values, Negatives = negatives, Nearest = next, Farthest = RankedRow.None };
    }

    public void Dispose()
    {
        _positions.Dispose();
        _negatives.Dispose();
    }
}
