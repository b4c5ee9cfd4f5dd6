using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>The positives of one anchor with their exact distances, in ascending order of row. One per worker, reused from anchor to anchor.</summary>
internal sealed class AnchorPositives : IDisposable
{
    private PinnedBuffer<int> _positions = new(0);
    private PinnedBuffer<double> _values = new(0);

    /// <summary>Number of positives.</summary>
    public int Count { get; private set; }

    /// <summary>Their gallery positions.</summary>
    public ReadOnlySpan<int> Positions => _positions.Span[..Count];

    /// <summary>Their distances in the metric's unit, float64.</summary>
    public ReadOnlySpan<double> Values => _values.Span[..Count];

    public void Load(IMiningKernels kernels, RowLayout layout, DistanceMetric metric, int anchor)
    {
        int start = layout.ClassStarts[anchor];
        int end = layout.ClassEnds[anchor];
        int self = layout.SelfPositions[anchor];
        PinnedBuffer.Grow(ref _positions, end - start);
        PinnedBuffer.Grow(ref _values, end - start);
        Span<int> positions = _positions.Span;
        Span<double> values = _values.Span;
        int count = 0;
        for (int position = start; position < end; position++)
        {
            if (position == self)
                continue;
            positions[count] = position;
            values[count++] = MetricKey.ToValue(metric, kernels.ExactKey(anchor, position));
        }

        Count = count;
    }

    /// <summary>The index of the largest distance, ties to the first.</summary>
    public static int Farthest(ReadOnlySpan<double> distances)
    {
        int best = 0;
        for (int i = 1; i < distances.Length; i++)
        {
            if (distances[i] > distances[best])
                best = i;
        }

        return best;
    }

    /// <summary>The index of the smallest distance, ties to the first.</summary>
    public static int Nearest(ReadOnlySpan<double> distances) => NearestBeyond(distances, -1);

    /// <summary>The index of the smallest distance above <paramref name="bound"/>, ties to the first; −1 where there is none.</summary>
    public static int NearestBeyond(ReadOnlySpan<double> distances, double bound)
    {
        int best = -1;
        for (int i = 0; i < distances.Length; i++)
        {
            if (distances[i] > bound && (best < 0 || distances[i] < distances[best]))
                best = i;
        }

        return best;
    }

    /// <summary>The triplet of a positive and a negative at gallery positions.</summary>
    public static Triplet MakeTriplet(RowLayout layout, int anchor, int positive, double positiveDistance, int negative, double negativeDistance)
    {
        ReadOnlySpan<int> galleryRows = layout.GalleryRows;
        return new Triplet(
            layout.AnchorRows[anchor], galleryRows[positive], galleryRows[negative], (float)positiveDistance, (float)negativeDistance);
    }

    /// <summary>The triplet of one of these positives and a negative at a gallery position.</summary>
    public Triplet MakeTriplet(RowLayout layout, int anchor, int index, int negative, double negativeDistance) =>
        MakeTriplet(layout, anchor, Positions[index], Values[index], negative, negativeDistance);

    public void Dispose()
    {
        _positions.Dispose();
        _values.Dispose();
    }
}
