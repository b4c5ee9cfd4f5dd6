using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tercet.Backends;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>
/// Exact order statistics over one anchor's negatives: how many lie within a distance, and which is the r-th nearest (ties to the lowest row).
/// The float32 keys are distributed over bins, in time proportional to their number; only the few that a question leaves undecided are
/// evaluated in float64, each at most once. One per worker, reused from anchor to anchor.
/// </summary>
internal sealed class NegativeRanking : IDisposable
{
    private const int RowsPerBin = 4;
    private const int LargestBinCount = 1 << 16;

    private PinnedBuffer<float> _keys = new(0);
    private PinnedBuffer<double> _exactKeys = new(0);
    private PinnedBuffer<int> _positions = new(0);
    private readonly PinnedBuffer<int> _binStarts = new(LargestBinCount + 2);
    private readonly PinnedBuffer<bool> _binIsSorted = new(LargestBinCount);
    private PinnedBuffer<int> _slots = new(0);
    private PinnedBuffer<int> _indicesByRow = new(0);
    private PinnedBuffer<float> _keysByRow = new(0);
    private PinnedBuffer<int> _window = new(0);
    private PinnedBuffer<int> _windowRows = new(0);
    private PinnedBuffer<double> _windowKeys = new(0);
    private IMiningKernels _kernels = null!;
    private RowLayout _layout = null!;
    private DistanceMetric _metric;
    private int _anchor;
    private int _binCount;
    private float _lowest;
    private float _binsPerKey;
    private double _tolerance;
    private bool _isInRowOrder;

    /// <summary>Number of negatives.</summary>
    public int Count { get; private set; }

    /// <summary>Takes one anchor's keys; the columns of its own label are left out.</summary>
    public void Load(IMiningKernels kernels, RowLayout layout, DistanceMetric metric, int anchor, ReadOnlySpan<float> keys)
    {
        (_kernels, _layout, _metric, _anchor) = (kernels, layout, metric, anchor);
        int start = layout.ClassStarts[anchor];
        int end = layout.ClassEnds[anchor];
        ReadOnlySpan<float> before = keys[..start];
        ReadOnlySpan<float> after = keys[end..];
        Count = before.Length + after.Length;
        if (_keys.Length < Count)
        {
            PinnedBuffer.Grow(ref _keys, Count);
            PinnedBuffer.Grow(ref _exactKeys, Count);
            PinnedBuffer.Grow(ref _positions, Count);
            PinnedBuffer.Grow(ref _indicesByRow, Count);
            PinnedBuffer.Grow(ref _keysByRow, Count);
            PinnedBuffer.Grow(ref _window, Count + 1L);
            PinnedBuffer.Grow(ref _windowRows, Count);
            PinnedBuffer.Grow(ref _windowKeys, Count);
        }

        _isInRowOrder = false;
        _tolerance = 1.001 * kernels.KeyTolerance(anchor);
        _lowest = Math.Min(Extreme(before, lowest: true), Extreme(after, lowest: true));
        float highest = Math.Max(Extreme(before, lowest: false), Extreme(after, lowest: false));
        _binCount = Math.Clamp(Count / RowsPerBin, 1, LargestBinCount);
        float range = highest - _lowest;
        _binsPerKey = range > 0 && float.IsFinite(_binCount / range) ? _binCount / range : 0;

        Span<int> starts = _binStarts.Span[..(_binCount + 2)];
        starts.Clear();
        CountBins(before, starts);
        CountBins(after, starts);
        for (int bin = 2; bin < starts.Length; bin++)
            starts[bin] += starts[bin - 1];
        Distribute(before, 0, starts);
        Distribute(after, end, starts);
        _exactKeys.Span[..Count].Fill(double.NaN);
        _binIsSorted.Span[.._binCount].Clear();
    }

    /// <summary>
    /// Number of negatives whose distance exceeds <paramref name="distance"/> by at most <paramref name="margin"/>: d − distance ≤ margin, or
    /// &lt; margin where <paramref name="strictly"/> is set.
    /// </summary>
    public int CountWithin(double distance, double margin, bool strictly)
    {
        double key = MetricKey.FromValue(_metric, distance + margin);
        double slack = Slack(key);
        int firstBin = Bin(key - slack);
        int lastBin = Bin(key + slack);
        int count = _binStarts.Span[firstBin];
        int end = _binStarts.Span[lastBin + 1];
        ReadOnlySpan<float> keys = _keys.Span;
        for (int i = count; i < end; i++)
        {
            if (keys[i] < key - slack || (keys[i] <= key + slack && IsWithinExactly(i, distance, margin, strictly)))
                count++;
        }

        return count;
    }

    /// <summary>The gallery position of the negative of a rank: 0 is the nearest, <see cref="Count"/> − 1 the farthest; equal distances rank by row.</summary>
    public int Select(int rank, out double value)
    {
        ReadOnlySpan<int> starts = _binStarts.Span[..(_binCount + 1)];
        ReadOnlySpan<float> keys = _keys.Span;
        int bin = BinOfRank(starts, rank);
        SortBin(bin, starts[bin], starts[bin + 1]);
        double key = keys[rank];

        // Whatever is surely nearer counts; whatever could be of this rank is decided in float64.
        int firstBin = Bin(key - (2 * _tolerance));
        int end = starts[Bin(key + (2 * _tolerance)) + 1];
        int surelyNearer = starts[firstBin];
        Span<int> window = _window.Span;
        int windowCount = 0;
        for (int i = starts[firstBin]; i < end; i++)
        {
            if (keys[i] < key - (2 * _tolerance))
                surelyNearer++;
            else if (keys[i] <= key + (2 * _tolerance))
                window[windowCount++] = i;
        }

        int chosen = windowCount == 1 ? window[0] : SelectExactly(window[..windowCount], rank - surelyNearer);
        value = MetricKey.ToValue(_metric, ExactKey(chosen));
        return _positions.Span[chosen];
    }

    /// <summary>
    /// The negatives that make a triplet of one kind with a positive at <paramref name="distance"/>, in ascending order of row, as indices for
    /// <see cref="Position"/> and <see cref="Value"/>; valid until the next question.
    /// </summary>
    public ReadOnlySpan<int> Collect(TripletKind kind, double distance, double margin)
    {
        (float from, float surelyFrom) = kind switch
        {
            TripletKind.Easy => (LeastKey(distance, margin), LargestKey(distance, margin)),
            TripletKind.SemiHard => (LeastKey(distance, 0), LargestKey(distance, 0)),
            _ => (float.NegativeInfinity, float.NegativeInfinity),
        };
        (float to, float surelyTo) = kind switch
        {
            TripletKind.Easy => (float.PositiveInfinity, float.PositiveInfinity),
            TripletKind.Hard => (LargestKey(distance, 0), LeastKey(distance, 0)),
            _ => (LargestKey(distance, margin), LeastKey(distance, margin)),
        };
        Span<int> window = CollectBetween(from, to);
        ReadOnlySpan<float> keys = _keys.Span;
        int count = 0;
        foreach (int i in window)
        {
            if ((keys[i] > surelyFrom && keys[i] < surelyTo) || Matches(i, kind, distance, margin))
                window[count++] = i;
        }

        return window[..count];
    }

    /// <summary>The negatives nearer than <paramref name="distance"/> + <paramref name="margin"/>, strictly; otherwise like <see cref="Collect"/>.</summary>
    public ReadOnlySpan<int> CollectNearer(double distance, double margin)
    {
        Span<int> window = CollectBetween(float.NegativeInfinity, LargestKey(distance, margin));
        int count = 0;
        foreach (int i in window)
        {
            if (IsWithin(i, distance, margin, strictly: true))
                window[count++] = i;
        }

        return window[..count];
    }

    /// <summary>The gallery position of an index that <see cref="Collect"/> returned.</summary>
    public int Position(int index) => _positions.Span[index];

    /// <summary>The exact distance of an index that <see cref="Collect"/> returned.</summary>
    public double Value(int index) => MetricKey.ToValue(_metric, ExactKey(index));

    public void Dispose()
    {
        _keys.Dispose();
        _exactKeys.Dispose();
        _positions.Dispose();
        _binStarts.Dispose();
        _binIsSorted.Dispose();
        _slots.Dispose();
        _indicesByRow.Dispose();
        _keysByRow.Dispose();
        _window.Dispose();
        _windowRows.Dispose();
        _windowKeys.Dispose();
    }

    private static float Extreme(ReadOnlySpan<float> keys, bool lowest) => keys.IsEmpty
        ? lowest ? float.PositiveInfinity : float.NegativeInfinity
        : lowest ? TensorPrimitives.Min(keys) : TensorPrimitives.Max(keys);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CountBins(ReadOnlySpan<float> keys, Span<int> starts)
    {
        foreach (float key in keys)
            starts[Bin(key) + 2]++;
    }

    // While rows are placed, starts[bin + 1] is the next free index of the bin; afterwards starts[bin] is its first.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Distribute(ReadOnlySpan<float> keys, int firstPosition, Span<int> starts)
    {
        Span<float> sortedKeys = _keys.Span;
        Span<int> positions = _positions.Span;
        for (int i = 0; i < keys.Length; i++)
        {
            int index = starts[Bin(keys[i]) + 1]++;
            sortedKeys[index] = keys[i];
            positions[index] = firstPosition + i;
        }
    }

    private int Bin(float key) => Math.Clamp((int)((key - _lowest) * _binsPerKey), 0, _binCount - 1);

    // The same function of a key as above, so that a smaller key never falls into a later bin.
    private int Bin(double key) => key <= _lowest ? 0 : key >= float.MaxValue ? _binCount - 1 : Bin((float)key);

    private static int BinOfRank(ReadOnlySpan<int> starts, int rank)
    {
        int bin = starts.BinarySearch(rank);
        if (bin < 0)
            bin = ~bin - 1;
        while (starts[bin + 1] <= rank)
            bin++;
        return bin;
    }

    // A bin holds a handful of rows; they are put in order where they stand, when a rank is first looked up among them.
    private void SortBin(int bin, int start, int end)
    {
        ref bool isSorted = ref _binIsSorted.Span[bin];
        if (isSorted)
            return;
        _exactKeys.Span[start..end].Fill(double.NaN);
        _keys.Span[start..end].Sort(_positions.Span[start..end]);
        isSorted = true;
        _isInRowOrder = false;
    }

    private bool Matches(int index, TripletKind kind, double distance, double margin) => kind switch
    {
        TripletKind.All => IsWithin(index, distance, margin, strictly: false),
        TripletKind.Hard => IsWithin(index, distance, 0, strictly: false),
        TripletKind.Easy => !IsWithin(index, distance, margin, strictly: false),
        _ => IsWithin(index, distance, margin, strictly: false) && !IsWithin(index, distance, 0, strictly: false),
    };

    private bool IsWithin(int index, double distance, double margin, bool strictly)
    {
        double key = MetricKey.FromValue(_metric, distance + margin);
        double slack = Slack(key);
        float approximate = _keys.Span[index];
        return approximate < key - slack || (approximate <= key + slack && IsWithinExactly(index, distance, margin, strictly));
    }

    private bool IsWithinExactly(int index, double distance, double margin, bool strictly)
    {
        double gap = MetricKey.ToValue(_metric, ExactKey(index)) - distance;
        return strictly ? gap < margin : gap <= margin;
    }

    private double ExactKey(int index)
    {
        ref double key = ref _exactKeys.Span[index];
        if (double.IsNaN(key))
            key = _kernels.ExactKey(_anchor, _positions.Span[index]);
        return key;
    }

    // The element of a rank among a few, by exact key, then by row. Arrays of keys are sorted, not a comparer called: that would allocate.
    private int SelectExactly(Span<int> window, int rank)
    {
        Span<double> keys = _windowKeys.Span[..window.Length];
        for (int i = 0; i < window.Length; i++)
            keys[i] = ExactKey(window[i]);
        keys.Sort(window);
        int start = rank;
        int end = rank + 1;
        while (start > 0 && keys[start - 1] == keys[rank])
            start--;
        while (end < keys.Length && keys[end] == keys[rank])
            end++;
        return SortByRow(window[start..end])[rank - start];
    }

    // A key below the one surely lies within the margin, one above the other surely not; rounded outwards.
    private float LeastKey(double distance, double margin)
    {
        double key = MetricKey.FromValue(_metric, distance + margin);
        return MathF.BitDecrement((float)(key - Slack(key)));
    }

    private float LargestKey(double distance, double margin)
    {
        double key = MetricKey.FromValue(_metric, distance + margin);
        return MathF.BitIncrement((float)(key + Slack(key)));
    }

    // What a float32 key and a limit are off by together.
    private double Slack(double key) => _tolerance + (1e-12 * key);

    // The negatives whose keys lie between two, in ascending order of row. Without a branch, which would be guessed wrong as often as not: what does not belong is overwritten.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Span<int> CollectBetween(float from, float to)
    {
        if (!_isInRowOrder)
            PutInRowOrder();
        ReadOnlySpan<float> keys = _keysByRow.Span[..Count];
        ReadOnlySpan<int> indices = _indicesByRow.Span[..keys.Length];
        Span<int> window = _window.Span;
        int count = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            window[count] = indices[i];
            count += Convert.ToInt32(keys[i] >= from & keys[i] <= to);
        }

        return window[..count];
    }

    // Every row has a place; those of the anchor's own label stay empty.
    private void PutInRowOrder()
    {
        ReadOnlySpan<int> galleryRows = _layout.GalleryRows;
        ReadOnlySpan<int> positions = _positions.Span[..Count];
        int rowCount = TensorPrimitives.Max(galleryRows) + 1;
        PinnedBuffer.Grow(ref _slots, rowCount);
        Span<int> slots = _slots.Span[..rowCount];
        slots.Fill(-1);
        for (int i = 0; i < positions.Length; i++)
            slots[galleryRows[positions[i]]] = i;

        Span<int> indices = _indicesByRow.Span;
        Span<float> keys = _keysByRow.Span;
        int count = 0;
        foreach (int index in slots)
        {
            if (index < 0)
                continue;
            indices[count] = index;
            keys[count++] = _keys.Span[index];
        }

        _isInRowOrder = true;
    }

    private Span<int> SortByRow(Span<int> window)
    {
        ReadOnlySpan<int> galleryRows = _layout.GalleryRows;
        ReadOnlySpan<int> positions = _positions.Span;
        Span<int> rows = _windowRows.Span[..window.Length];
        for (int i = 0; i < window.Length; i++)
            rows[i] = galleryRows[positions[window[i]]];
        rows.Sort(window);
        return window;
    }
}
