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

    /// <summary>The index of the farthest positive, ties to the lowest row.</summary>
    public int Farthest() => Best(static (value, best) => value > best);

    /// <summary>The index of the nearest positive, ties to the lowest row.</summary>
    public int Nearest() => Best(static (value, best) => value < best);

    /// <summary>The index of the nearest positive farther than <paramref name="distance"/>, ties to the lowest row; −1 where there is none.</summary>
    public int NearestBeyond(double distance)
    {
        ReadOnlySpan<double> values = Values;
        int best = -1;
        for (int i = 0; i < values.Length; i++)
        {
            if (values[i] > distance && (best < 0 || values[i] < values[best]))
                best = i;
        }

        return best;
    }

    /// <summary>The triplet of one of these positives and a negative at a gallery position.</summary>
    public Triplet MakeTriplet(RowLayout layout, int anchor, int index, int negative, double negativeDistance)
    {
        ReadOnlySpan<int> galleryRows = layout.GalleryRows;
        return new Triplet(
            layout.AnchorRows[anchor],
            galleryRows[Positions[index]],
            galleryRows[negative],
            (float)Values[index],
            (float)negativeDistance);
    }

    public void Dispose()
    {
        _positions.Dispose();
        _values.Dispose();
    }

    private int Best(Func<double, double, bool> isBetter)
    {
        ReadOnlySpan<double> values = Values;
        int best = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (isBetter(values[i], values[best]))
                best = i;
        }

        return best;
    }
}
