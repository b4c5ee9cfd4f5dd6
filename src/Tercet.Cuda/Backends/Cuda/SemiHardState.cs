using Tercet.Backends.Cpu;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends.Cuda;

/// <summary>One worker's tables for one anchor at a time: see <see cref="SemiHardRows"/>.</summary>
internal sealed unsafe class SemiHardState(CudaSession session) : IDisposable
{
    /// <summary>Twice the tolerance, and what adding it to a key may lose: beyond this distance two float32 keys are surely in order.</summary>
    public const float NearTie = 2.002f;

    // Thresholds are float64 values that went through the metric's unit and back, and lost a few of their last bits.
    private const double ThresholdRounding = 1e-14;

    private readonly SortedPositives _positives = new();
    private PinnedBuffer<double> _distances = new(0);
    private PinnedBuffer<int> _best = new(0);
    private PinnedBuffer<float> _scores = new(0);
    private PinnedBuffer<double> _exactKeys = new(0);
    private PinnedBuffer<RankedRow> _negatives = new(0);
    private SemiHardRequest _request;
    private double _tolerance;
    private int _anchor;
    private int _count;
    private long _hard;
    private long _violating;

    /// <summary>Takes an anchor and its positives.</summary>
    public void Begin(int anchor, SemiHardRequest request)
    {
        (_anchor, _request, _tolerance) = (anchor, request, session.KeyTolerance(anchor));
        (_hard, _violating) = (0, 0);
        RowLayout layout = session.Layout;
        int start = layout.ClassStarts[anchor], end = layout.ClassEnds[anchor], self = layout.SelfPositions[anchor];
        PinnedBuffer.Grow(ref _distances, end - start);
        Span<double> distances = _distances.Span;
        int found = 0;
        for (int position = start; position < end; position++)
        {
            if (position != self)
                distances[found++] = MetricKey.ToValue(session.Metric, session.ExactKey(anchor, position));
        }

        _positives.Load(session.Metric, distances[..found], start, end, self, request.Margin);
        _count = _positives.Count;
        PinnedBuffer.Grow(ref _best, _count + 1);
        PinnedBuffer.Grow(ref _scores, _count + 1);
        PinnedBuffer.Grow(ref _exactKeys, _count + 1);
        PinnedBuffer.Grow(ref _negatives, _count);
        _best.Span[..(_count + 1)].Fill(-1);
    }

    /// <summary>Takes negatives' keys.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="first">The first one's gallery position.</param>
    // SAFETY: here and below, ranks are at most the number of positives, which the thresholds' two halves are long.
    public void Take(ReadOnlySpan<float> keys, int first)
    {
        double* thresholds = _positives.Thresholds;
        for (int i = 0; i < keys.Length; i++)
        {
            double exact = double.NaN;
            int rank = Rank(thresholds, keys[i], first + i, 0, ref exact);
            if (_request.Count)
            {
                _hard += _count - rank;
                _violating += _count - Rank(thresholds + _count, keys[i], first + i, _request.Margin, ref exact);
            }

            Improve(rank, keys[i], first + i);
        }
    }

    /// <summary>Gives the anchor's result.</summary>
    public SemiHardResult Finish(RankedRow farthest)
    {
        Span<RankedRow> negatives = _negatives.Span[.._count];
        ReadOnlySpan<int> order = _positives.Order;
        RankedRow next = RankedRow.None;
        for (int rank = _count; rank >= 0; rank--)
        {
            if (_best.Span[rank] >= 0)
                next = new RankedRow(_best.Span[rank], MetricKey.ToValue(session.Metric, ExactBest(rank)));
            if (rank > 0)
                negatives[order[rank - 1]] = next;
        }

        return new SemiHardResult
        {
            Positives = _positives.Positions,
            PositiveDistances = _positives.Distances,
            Negatives = negatives,
            Nearest = next,
            Farthest = farthest,
            Hard = _request.Count ? _hard : 0,
            Violating = _request.Count ? _violating : 0,
        };
    }

    public void Dispose()
    {
        _positives.Dispose();
        _distances.Dispose();
        _best.Dispose();
        _scores.Dispose();
        _exactKeys.Dispose();
        _negatives.Dispose();
    }

    // How many thresholds lie strictly below a row: those surely below its key, and of the uncertain ones those that float64 puts there. Distances less the
    // positives' ascend the other way round, so the first that is not above the margin ends the count.
    private int Rank(double* thresholds, double key, int position, double margin, ref double exact)
    {
        int rank = CountBelow(thresholds, key - _tolerance, sign: -1);
        int end = CountBelow(thresholds, key + _tolerance, sign: 1);
        for (; rank < end; rank++)
        {
            if (double.IsNaN(exact))
                exact = MetricKey.ToValue(session.Metric, session.ExactKey(_anchor, position));
            bool isBeyond = margin == 0 ? exact > _positives.Distance(rank) : exact - _positives.Distance(rank) > margin;
            if (!isBeyond)
                break;
        }

        return rank;
    }

    private int CountBelow(double* thresholds, double key, int sign)
    {
        key += sign * ThresholdRounding * (1 + Math.Abs(key));
        int low = 0, high = _count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (thresholds[middle] < key)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    private void Improve(int bucket, float key, int position)
    {
        ref int best = ref _best.Span[bucket];
        ref float score = ref _scores.Span[bucket];
        ref double exactKey = ref _exactKeys.Span[bucket];
        double nearTie = NearTie * _tolerance;
        if (best >= 0 && key > score + nearTie)
            return;
        if (best < 0 || key < score - nearTie)
        {
            exactKey = double.NaN;
        }
        else
        {
            double challenger = session.ExactKey(_anchor, position);
            double champion = ExactBest(bucket);
            ReadOnlySpan<int> rows = session.Layout.GalleryRows;
            if (challenger > champion || (challenger == champion && rows[position] > rows[best]))
                return;
            exactKey = challenger;
        }

        (best, score) = (position, key);
    }

    private double ExactBest(int bucket)
    {
        ref double key = ref _exactKeys.Span[bucket];
        if (double.IsNaN(key))
            key = session.ExactKey(_anchor, _best.Span[bucket]);
        return key;
    }
}
