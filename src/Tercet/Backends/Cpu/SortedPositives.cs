using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>One anchor's positives and their float64 distances, in order of position and in order of distance. Reused from anchor to anchor.</summary>
internal sealed unsafe class SortedPositives : IDisposable
{
    private const int LargestRankedCount = 128;

    private PinnedBuffer<int> _positions = new(0);
    private PinnedBuffer<double> _distances = new(0);
    private PinnedBuffer<double> _sorted = new(0);
    private PinnedBuffer<int> _order = new(0);
    private PinnedBuffer<double> _thresholds = new(0);
    private double* _threshold;
    private double* _distance;

    /// <summary>Number of positives.</summary>
    public int Count { get; private set; }

    /// <summary>Their positions, ascending, <c>[Count]</c>.</summary>
    public ReadOnlySpan<int> Positions => _positions.Span[..Count];

    /// <summary>Their distances in the metric's unit, in order of position, <c>[Count]</c>.</summary>
    public ReadOnlySpan<double> Distances => _distances.Span[..Count];

    /// <summary>Rank → index among <see cref="Positions"/>, <c>[Count]</c>.</summary>
    public ReadOnlySpan<int> Order => _order.Span[..Count];

    /// <summary>The distance of one rank, in the metric's unit; ascending.</summary>
    // SAFETY: here and below, ranks are below Count, and the buffers hold as many elements (twice as many thresholds).
    public double Distance(int rank) => _distance[rank];

    /// <summary>The distances' keys, ascending, and after them those of the distances plus the margin, <c>[2, Count]</c>.</summary>
    public double* Thresholds => _threshold;

    /// <summary>Takes an anchor's positives: the rows of its class but itself.</summary>
    /// <param name="metric">The metric.</param>
    /// <param name="values">Their distances, in order of position.</param>
    /// <param name="classStart">First position of the class.</param>
    /// <param name="classEnd">The position after the last.</param>
    /// <param name="self">The anchor's own position, or −1.</param>
    /// <param name="margin">The margin, in the metric's unit.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Load(DistanceMetric metric, ReadOnlySpan<double> values, int classStart, int classEnd, int self, double margin)
    {
        int most = Math.Max(classEnd - classStart, 1);
        PinnedBuffer.Grow(ref _positions, most);
        PinnedBuffer.Grow(ref _distances, most + Vector512<double>.Count);
        PinnedBuffer.Grow(ref _sorted, most);
        PinnedBuffer.Grow(ref _order, most);
        PinnedBuffer.Grow(ref _thresholds, 2L * most);
        _threshold = (double*)_thresholds.DangerousGetAddress();
        _distance = (double*)_sorted.DangerousGetAddress();
        int* positions = (int*)_positions.DangerousGetAddress();
        double* distances = (double*)_distances.DangerousGetAddress();
        int count = 0;
        for (int position = classStart; position < classEnd; position++)
        {
            if (position != self)
                positions[count++] = position;
        }

        values.CopyTo(new Span<double>(distances, count));

        Count = count;
        if (count <= LargestRankedCount)
            SortByCounting(distances, (int*)_order.DangerousGetAddress());
        else
            SortByComparing();
        for (int rank = 0; rank < count; rank++)
        {
            _threshold[rank] = MetricKey.FromValue(metric, _distance[rank]);
            _threshold[count + rank] = MetricKey.FromValue(metric, _distance[rank] + margin);
        }
    }

    public void Dispose()
    {
        _positions.Dispose();
        _distances.Dispose();
        _sorted.Dispose();
        _order.Dispose();
        _thresholds.Dispose();
    }

    // A distance's rank is the number of smaller ones, and of equal ones before it. For few positives that beats any sort: no branch depends on the data.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SortByCounting(double* distances, int* order)
    {
        int width = Vector512<double>.Count;
        for (int i = Count; i < Count + width; i++)
            distances[i] = double.PositiveInfinity;
        for (int i = 0; i < Count; i++)
        {
            Vector512<double> own = Vector512.Create(distances[i]);
            int block = i & -width;
            int rank = 0;
            for (int j = 0; j < block; j += width)
                rank += BitOperations.PopCount(Vector512.LessThanOrEqual(Vector512.Load(distances + j), own).ExtractMostSignificantBits());
            Vector512<double> near = Vector512.Load(distances + block);
            rank += BitOperations.PopCount(Vector512.LessThan(near, own).ExtractMostSignificantBits());
            rank += BitOperations.PopCount(Vector512.Equals(near, own).ExtractMostSignificantBits() & ((1UL << (i - block)) - 1));
            for (int j = block + width; j < Count; j += width)
                rank += BitOperations.PopCount(Vector512.LessThan(Vector512.Load(distances + j), own).ExtractMostSignificantBits());
            _distance[rank] = distances[i];
            order[rank] = i;
        }
    }

    private void SortByComparing()
    {
        Span<double> sorted = _sorted.Span[..Count];
        Span<int> order = _order.Span[..Count];
        _distances.Span[..Count].CopyTo(sorted);
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        sorted.Sort(order);
    }
}
