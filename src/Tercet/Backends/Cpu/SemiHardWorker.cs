using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>One worker's tables for one anchor at a time: see <see cref="SemiHardScan"/>.</summary>
/// <remarks>
/// Bin b holds the keys s with ⌊s · BinsPerKey + BinOffset⌋ = b. A bin is <em>open</em> when it may hold keys on both sides of a threshold (a positive's
/// distance, or that plus α), the keys' tolerance included; keys in open bins are ranked one by one, near ones in float64. In any other bin every
/// key has the same rank, so one table entry counts it, and another names its bucket, whose limit says which keys could still be its nearest.
/// </remarks>
internal sealed unsafe class SemiHardWorker : IDisposable
{
    /// <summary>The last bin: everything beyond the last threshold.</summary>
    public const int LastBin = 2047;

    private const int BinCount = LastBin + 1;
    private const float NoLimit = float.MaxValue;

    private readonly CpuSession _session;
    private readonly PinnedBuffer<int> _bins;
    private readonly PinnedBuffer<int> _buckets = new(BinCount);
    private readonly PinnedBuffer<ulong> _counts = new(BinCount);
    private readonly PinnedBuffer<ulong> _openRanks = new(BinCount);
    private PinnedBuffer<int> _positives = new(0);
    private PinnedBuffer<double> _distances = new(0);
    private PinnedBuffer<double> _sorted = new(0);
    private PinnedBuffer<int> _order = new(0);
    private PinnedBuffer<double> _thresholds = new(0);
    private PinnedBuffer<float> _limits = new(0);
    private PinnedBuffer<float> _bestScores = new(0);
    private PinnedBuffer<double> _bestKeys = new(0);
    private PinnedBuffer<int> _best = new(0);
    private PinnedBuffer<RankedRow> _negatives = new(0);
    private int* _bestOf;
    private float* _scoreOf;
    private double* _keyOf;
    private float* _limitOf;
    private double* _distanceOf;
    private double* _thresholdOf;
    private SemiHardRequest _request;
    private DistanceMetric _metric;
    private float _tolerance;
    private int _anchor;
    private int _count;
    private long _hard;
    private long _violating;

    public SemiHardWorker(CpuSession session, int chunkColumns)
    {
        _session = session;
        _bins = new PinnedBuffer<int>(chunkColumns + 16);
    }

    /// <summary>Bins per unit of key.</summary>
    public float BinsPerKey { get; private set; }

    /// <summary>The bin of key 0, as a fraction.</summary>
    public float BinOffset { get; private set; }

    /// <summary>Where the bins of a chunk of keys are put.</summary>
    // SAFETY: native memory of this worker, as long as a chunk rounded up to a whole vector.
    public int* Bins => (int*)_bins.DangerousGetAddress();

    /// <summary>Takes an anchor's positives and makes its tables.</summary>
    public void Begin(int anchor, int classStart, int classEnd, int self, SemiHardRequest request)
    {
        (_anchor, _request, _metric) = (anchor, request, _session.Metric);
        _tolerance = _session.KeyTolerance(anchor);
        _hard = 0;
        _violating = 0;
        LoadPositives(classStart, classEnd, self);
        ResetBuckets();
        PlaceBins();
        FillTables();
    }

    /// <summary>Takes a chunk of keys, whose bins stand in <see cref="Bins"/>.</summary>
    // SAFETY: bins are clamped to the tables' length.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Take(float* keys, int firstPosition, int count)
    {
        int* bins = Bins;
        int* buckets = (int*)_buckets.DangerousGetAddress();
        float* limits = (float*)_limits.DangerousGetAddress();
        if (!_request.Count)
        {
            for (int i = 0; i < count; i++)
            {
                int bucket = buckets[bins[i]];
                if (keys[i] <= limits[bucket])
                    Look(keys[i], bins[i], bucket, firstPosition + i);
            }

            return;
        }

        // Both counts travel in one word; a chunk is too short for either half to overflow.
        ulong* counts = (ulong*)_counts.DangerousGetAddress();
        ulong sum = 0;
        for (int i = 0; i < count; i++)
        {
            int bin = bins[i];
            int bucket = buckets[bin];
            sum += counts[bin];
            if (keys[i] <= limits[bucket])
                Look(keys[i], bin, bucket, firstPosition + i);
        }

        _hard += (uint)sum;
        _violating += (long)(sum >> 32);
    }

    /// <summary>Ends an anchor: the nearest negative beyond every positive.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(RankedRow farthest, out SemiHardResult result)
    {
        ReadOnlySpan<int> rows = _session.Layout.GalleryRows;
        for (int bucket = 0; bucket <= _count; bucket++)
        {
            if (_bestOf[bucket] >= 0)
                ExactBest(bucket);
        }

        for (int bucket = _count - 1; bucket >= 0; bucket--)
        {
            int next = _bestOf[bucket + 1];
            if (next >= 0 && (_bestOf[bucket] < 0 || IsBetter(_keyOf[bucket + 1], next, _keyOf[bucket], _bestOf[bucket], rows)))
                (_bestOf[bucket], _keyOf[bucket]) = (next, _keyOf[bucket + 1]);
        }

        // A positive looks beyond the last threshold that equals its own.
        Span<RankedRow> negatives = _negatives.Span[.._count];
        ReadOnlySpan<int> order = _order.Span[.._count];
        RankedRow negative = Ranked(_count);
        for (int rank = _count - 1; rank >= 0; rank--)
        {
            if (rank + 1 < _count && _distanceOf[rank] < _distanceOf[rank + 1])
                negative = Ranked(rank + 1);
            negatives[order[rank]] = negative;
        }

        result = new SemiHardResult
        {
            Positives = _positives.Span[.._count],
            PositiveDistances = _distances.Span[.._count],
            Negatives = negatives,
            Nearest = Ranked(0),
            Farthest = farthest,
            Hard = _hard,
            Violating = _violating,
        };
    }

    public void Dispose()
    {
        _bins.Dispose();
        _buckets.Dispose();
        _counts.Dispose();
        _openRanks.Dispose();
        _positives.Dispose();
        _distances.Dispose();
        _sorted.Dispose();
        _order.Dispose();
        _thresholds.Dispose();
        _limits.Dispose();
        _bestScores.Dispose();
        _bestKeys.Dispose();
        _best.Dispose();
        _negatives.Dispose();
    }

    private static bool IsBetter(double key, int position, double bestKey, int best, ReadOnlySpan<int> rows) =>
        key < bestKey || (key == bestKey && rows[position] < rows[best]);

    private RankedRow Ranked(int bucket)
    {
        int position = _bestOf[bucket];
        return position < 0 ? RankedRow.None : new RankedRow(position, MetricKey.ToValue(_metric, _keyOf[bucket]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void LoadPositives(int classStart, int classEnd, int self)
    {
        int most = classEnd - classStart;
        PinnedBuffer.Grow(ref _positives, most);
        PinnedBuffer.Grow(ref _distances, most);
        PinnedBuffer.Grow(ref _sorted, most);
        PinnedBuffer.Grow(ref _order, most);
        PinnedBuffer.Grow(ref _thresholds, 2L * most);
        PinnedBuffer.Grow(ref _negatives, most);
        PinnedBuffer.Grow(ref _limits, most + 2);
        PinnedBuffer.Grow(ref _bestScores, most + 1);
        PinnedBuffer.Grow(ref _bestKeys, most + 1);
        PinnedBuffer.Grow(ref _best, most + 1);

        // SAFETY: each buffer has just been made long enough for this anchor, and none is replaced before the next.
        _bestOf = (int*)_best.DangerousGetAddress();
        _scoreOf = (float*)_bestScores.DangerousGetAddress();
        _keyOf = (double*)_bestKeys.DangerousGetAddress();
        _limitOf = (float*)_limits.DangerousGetAddress();
        _distanceOf = (double*)_sorted.DangerousGetAddress();
        _thresholdOf = (double*)_thresholds.DangerousGetAddress();

        Span<int> positives = _positives.Span;
        Span<double> distances = _distances.Span;
        int count = 0;
        for (int position = classStart; position < classEnd; position++)
        {
            if (position == self)
                continue;
            positives[count] = position;
            distances[count++] = MetricKey.ToValue(_metric, _session.ExactKey(_anchor, position));
        }

        _count = count;
        distances[..count].CopyTo(_sorted.Span);
        Span<int> order = _order.Span[..count];
        for (int i = 0; i < count; i++)
            order[i] = i;
        _sorted.Span[..count].Sort(order);
        for (int rank = 0; rank < count; rank++)
        {
            _thresholdOf[rank] = MetricKey.FromValue(_metric, _distanceOf[rank]);
            _thresholdOf[count + rank] = MetricKey.FromValue(_metric, _distanceOf[rank] + _request.Margin);
        }
    }

    // One bucket more than there are: that of the open bins, whose keys are always looked at.
    private int OpenBucket => _count + 1;

    private void ResetBuckets()
    {
        _limits.Span[..(_count + 2)].Fill(NoLimit);
        _best.Span[..(_count + 1)].Fill(-1);
    }

    private double Threshold(int rank) => _thresholdOf[rank];

    private double MarginThreshold(int rank) => _thresholdOf[_count + rank];

    // A key this close to a threshold is not ranked in float32: the keys' tolerance and the rounding of the threshold itself.
    private double Slack(double threshold) => _tolerance + (1e-6 * threshold);

    // Bin 0 lies below every threshold, the last bin above; the others divide what is between.
    private void PlaceBins()
    {
        double first = Threshold(0);
        double last = _request.Count ? MarginThreshold(_count - 1) : Threshold(_count - 1);
        double low = first - (2 * Slack(first));
        double high = last + (2 * Slack(last));
        double scale = (BinCount - 2) / (high - low);
        if (!(scale < 1e30))
            scale = 0;
        BinsPerKey = (float)scale;
        BinOffset = (float)(1 - (low * BinsPerKey));
    }

    private int Bin(double key)
    {
        float bin = MathF.FusedMultiplyAdd((float)key, BinsPerKey, BinOffset);
        return (int)Math.Clamp(bin, 0, LastBin);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillTables()
    {
        Span<int> buckets = _buckets.Span;
        Span<ulong> counts = _counts.Span;
        Span<ulong> openRanks = _openRanks.Span;
        int marginCount = _request.Count ? _count : 0;

        // Both lists of thresholds ascend: walk their open ranges in order, and fill what lies between.
        int filled = 0;
        int rank = 0;
        int marginRank = 0;
        while (rank < _count || marginRank < marginCount)
        {
            double threshold = rank < _count ? Threshold(rank) : double.PositiveInfinity;
            double marginThreshold = marginRank < marginCount ? MarginThreshold(marginRank) : double.PositiveInfinity;
            double next = Math.Min(threshold, marginThreshold);
            int firstOpen = Bin(next - Slack(next));
            int open = Bin(next + Slack(next));
            if (firstOpen > filled)
                FillClosed(buckets, counts, filled, firstOpen, rank, marginRank);
            filled = Math.Max(filled, firstOpen);
            if (open >= filled)
            {
                buckets[filled..(open + 1)].Fill(OpenBucket);
                counts[filled..(open + 1)].Clear();
                openRanks[filled..(open + 1)].Fill((uint)rank | ((ulong)(uint)marginRank << 32));
                filled = open + 1;
            }

            if (threshold <= marginThreshold)
                rank++;
            else
                marginRank++;
        }

        if (filled < BinCount)
            FillClosed(buckets, counts, filled, BinCount, rank, marginRank);
    }

    private void FillClosed(Span<int> buckets, Span<ulong> counts, int from, int to, int rank, int marginRank)
    {
        buckets[from..to].Fill(rank);
        if (_request.Count)
            counts[from..to].Fill((uint)(_count - rank) | ((ulong)(uint)(_count - marginRank) << 32));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Look(float key, int bin, int bucket, int position)
    {
        if (bucket == OpenBucket)
        {
            double exact = double.NaN;
            bucket = RankInOpenBin(key, bin, margin: false, position, ref exact);
            if (_request.Count)
            {
                _hard += _count - bucket;
                _violating += _count - RankInOpenBin(key, bin, margin: true, position, ref exact);
            }

            if (key > _limitOf[bucket])
                return;
        }

        // Within twice the tolerance float64 decides; beyond it the key does.
        if (_bestOf[bucket] < 0 || key < _scoreOf[bucket] - (2.001f * _tolerance))
        {
            _keyOf[bucket] = double.NaN;
        }
        else
        {
            double exactKey = _session.ExactKey(_anchor, position);
            if (!IsBetter(exactKey, position, ExactBest(bucket), _bestOf[bucket], _session.Layout.GalleryRows))
                return;
            _keyOf[bucket] = exactKey;
        }

        _bestOf[bucket] = position;
        _scoreOf[bucket] = key;
        _limitOf[bucket] = key + (2.001f * _tolerance);
    }

    private double ExactBest(int bucket)
    {
        if (double.IsNaN(_keyOf[bucket]))
            _keyOf[bucket] = _session.ExactKey(_anchor, _bestOf[bucket]);
        return _keyOf[bucket];
    }

    // The number of thresholds below a key: those whose open range ends before its bin surely are, the next ones are asked in turn.
    private int RankInOpenBin(float key, int bin, bool margin, int position, ref double exact)
    {
        ulong ranks = _openRanks.Span[bin];
        int rank = margin ? (int)(ranks >> 32) : (int)(uint)ranks;
        for (; rank < _count; rank++)
        {
            double threshold = margin ? MarginThreshold(rank) : Threshold(rank);
            double slack = Slack(threshold);
            if (key < threshold - slack)
                break;
            if (key > threshold + slack)
                continue;
            if (double.IsNaN(exact))
                exact = MetricKey.ToValue(_metric, _session.ExactKey(_anchor, position));
            double gap = exact - _distanceOf[rank];
            if (!(gap > (margin ? _request.Margin : 0)))
                break;
        }

        return rank;
    }
}
