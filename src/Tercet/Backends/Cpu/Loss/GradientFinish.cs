using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// What follows the pass over all pairs: each anchor's loss and the number of negatives that violate each of its positives, the positives' part in
/// the gradient, and from the weighted sum S and the sum of weights w of every row its gradient: for the squared distance
/// <c>2 (S − w x)</c>, for its root, whose distances the weights hold already, <c>S − w x</c>, for the cosine distance what of <c>S</c> is
/// perpendicular to <c>x</c>, over <c>‖x‖</c>.
/// </summary>
internal sealed unsafe class GradientFinish(CpuSession session, TermScan scan) : ITeamJob, IDisposable
{
    private const int LargestStrip = 12;
    private const int RowsPerItem = 48;
    private const int ChunkColumns = TermWorker.LargestBlock;

    private PinnedBuffer<float>[] _weights = [];
    private PinnedBuffer<int> _violations = new(0);
    private PinnedBuffer<long> _nonZeroTerms = new(0);
    private float* _gradient;
    private bool _hasViolations;

    /// <summary>An anchor's terms above zero.</summary>
    public long NonZeroTerms(int anchor) => _nonZeroTerms.Span[anchor];

    // SAFETY: gradient is null or has a row of Depth floats for every position, and stays where it is until the call returns.
    public void Run(float* gradient, int workers)
    {
        _gradient = gradient;
        RowLayout layout = session.Layout;
        PinnedBuffer.Grow(ref _violations, layout.PairCount);
        PinnedBuffer.Grow(ref _nonZeroTerms, layout.AnchorCount);
        if (_weights.Length < workers)
        {
            int previous = _weights.Length;
            Array.Resize(ref _weights, workers);
            for (int i = previous; i < workers; i++)
                _weights[i] = new PinnedBuffer<float>(LargestStrip * ChunkColumns);
        }

        int items = (layout.AnchorCount + RowsPerItem - 1) / RowsPerItem;
        _hasViolations = false;
        session.Team.Run(this, items, workers, session.Cancellation);
        _hasViolations = true;
        if (gradient is not null)
            session.Team.Run(this, items, workers, session.Cancellation);
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int first = item * RowsPerItem;
        int end = Math.Min(session.Layout.AnchorCount, first + RowsPerItem);
        if (!_hasViolations)
        {
            for (int anchor = first; anchor < end; anchor++)
                CountViolations(anchor);
            return;
        }

        float* weights = (float*)_weights[worker].DangerousGetAddress();
        int strip = scan.Kernel.Strip;
        for (int anchor = first; anchor < end; anchor += strip)
            AddPositives(weights, anchor, Math.Min(strip, end - anchor));
        for (int anchor = first; anchor < end; anchor++)
        {
            if (session.Metric == DistanceMetric.Cosine)
                FinishCosine(anchor);
            else
                FinishEuclidean(anchor);
            CopyGradient(anchor);
        }
    }

    public void Dispose()
    {
        foreach (PinnedBuffer<float> weights in _weights)
            weights.Dispose();
        _violations.Dispose();
        _nonZeroTerms.Dispose();
    }

    private void CopyGradient(int anchor)
    {
        int depth = session.Gallery.Depth;
        float* target = _gradient + ((nint)anchor * depth);
        for (int first = 0, panel = 0; first < depth; first += scan.Rows.Width, panel++)
        {
            int count = Math.Min(scan.Rows.Width, depth - first);
            new Span<float>(scan.Sums(anchor, panel), count).CopyTo(new Span<float>(target + first, count));
        }
    }

    private Span<int> Violations(int anchor) => _violations.Span.Slice((int)session.Layout.PairOffsets[anchor], session.Layout.PositiveCount(anchor));

    // A negative with c thresholds above it violates the last c. SAFETY: Tallies says how many an anchor has.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void CountViolations(int anchor)
    {
        AnchorTerms* terms = scan.Tables.Terms + anchor;
        int count = terms->Count;
        _nonZeroTerms.Span[anchor] = 0;
        if (count == 0)
            return;
        ReadOnlySpan<double> thresholds = scan.Tables.Thresholds(anchor);
        int* last = scan.TalliesOf(anchor) + count;
        int running = 0;
        long all = 0;
        for (int rank = 0; rank < count; rank++)
        {
            // The running sum takes the place of what has just been read.
            running += last[-rank];
            last[-rank] = running;
            terms->Loss += running * thresholds[rank];
            all += running;
        }

        _nonZeroTerms.Span[anchor] = all;
        ReadOnlySpan<int> ranks = scan.Tables.Ranks(anchor);
        Span<int> violations = Violations(anchor);
        for (int i = 0; i < count; i++)
            violations[i] = last[-ranks[i]];
    }

    // The rows of a strip share the columns that any of them has positives in. SAFETY: weights holds LargestStrip rows of ChunkColumns.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddPositives(float* weights, int firstAnchor, int anchors)
    {
        ReadOnlySpan<int> starts = session.Layout.ClassStarts;
        ReadOnlySpan<int> ends = session.Layout.ClassEnds;
        int start = starts[firstAnchor];
        int end = ends[firstAnchor + anchors - 1];
        for (int first = start; first < end; first += ChunkColumns)
        {
            int columns = Math.Min(ChunkColumns, end - first);
            new Span<float>(weights, LargestStrip * ChunkColumns).Clear();
            for (int row = 0; row < anchors; row++)
                scan.WeightSums[firstAnchor + row] += WeighPositives(weights + (row * ChunkColumns), firstAnchor + row, first, first + columns);
            for (int panel = 0; panel < scan.Rows.PanelCount; panel++)
                scan.Kernel.AddWeighted(weights, ChunkColumns, 1, scan.Rows.Panel(panel, first), columns, scan.Sums(firstAnchor, panel), scan.Rows.Width);
        }
    }

    // A positive's weight has the sign opposite to a negative's.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private double WeighPositives(float* weights, int anchor, int first, int end)
    {
        RowLayout layout = session.Layout;
        int start = layout.ClassStarts[anchor];
        int chunkStart = first;
        first = Math.Max(first, start);
        end = Math.Min(end, layout.ClassEnds[anchor]);
        if (first >= end)
            return 0;
        ReadOnlySpan<int> own = Violations(anchor);
        ReadOnlySpan<long> offsets = layout.PairOffsets;
        int* all = (int*)_violations.DangerousGetAddress();
        ReadOnlySpan<double> distances = scan.Tables.Distances(anchor);
        bool divides = session.Metric == DistanceMetric.Euclidean;
        double sum = 0;
        for (int other = first; other < end; other++)
        {
            if (other == anchor)
                continue;
            int index = other - start - (other > anchor ? 1 : 0);
            int indexOfAnchor = anchor - start - (anchor > other ? 1 : 0);
            float weight = -(own[index] + all[offsets[other] + indexOfAnchor]);
            if (divides)
                weight = distances[index] > 0 ? (float)(weight / distances[index]) : 0;
            weights[other - chunkStart] = weight;
            sum += weight;
        }

        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FinishEuclidean(int anchor)
    {
        CentredRows rows = scan.Rows;
        double factor = session.Metric == DistanceMetric.SquaredEuclidean ? 2 : 1;
        double weightSum = scan.WeightSums[anchor];
        for (int panel = 0; panel < rows.PanelCount; panel++)
        {
            float* sums = scan.Sums(anchor, panel);
            float* row = rows.Panel(panel, anchor);
            for (int k = 0; k < rows.Width; k += 8)
            {
                (Vector256<double> s0, Vector256<double> s1) = Vector256.Widen(Vector256.Load(sums + k));
                (Vector256<double> x0, Vector256<double> x1) = Vector256.Widen(Vector256.Load(row + k));
                Vector256.Narrow((s0 - (x0 * weightSum)) * factor, (s1 - (x1 * weightSum)) * factor).Store(sums + k);
            }
        }
    }

    // With the mean put back into the sum and the row.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FinishCosine(int anchor)
    {
        CentredRows rows = scan.Rows;
        double norm = session.Gallery.Norms[anchor];
        if (norm == 0)
        {
            // A row of zeros has no direction: moving it a little has no defined effect.
            for (int panel = 0; panel < rows.PanelCount; panel++)
                new Span<float>(scan.Sums(anchor, panel), rows.Width).Clear();
            return;
        }

        double weightSum = scan.WeightSums[anchor];
        Vector256<double> dots = Vector256<double>.Zero;
        for (int pass = 0; pass < 2; pass++)
        {
            double dot = Vector256.Sum(dots);
            for (int panel = 0; panel < rows.PanelCount; panel++)
            {
                float* sums = scan.Sums(anchor, panel);
                float* row = rows.Panel(panel, anchor);
                float* mean = rows.Mean + (panel * rows.Width);
                for (int k = 0; k < rows.Width; k += 8)
                {
                    (Vector256<double> s0, Vector256<double> s1) = Vector256.Widen(Vector256.Load(sums + k));
                    (Vector256<double> x0, Vector256<double> x1) = Vector256.Widen(Vector256.Load(row + k));
                    (Vector256<double> m0, Vector256<double> m1) = Vector256.Widen(Vector256.Load(mean + k));
                    (x0, x1) = (x0 + m0, x1 + m1);
                    (s0, s1) = (s0 + (m0 * weightSum), s1 + (m1 * weightSum));
                    if (pass == 0)
                        dots += (s0 * x0) + (s1 * x1);
                    else
                        Vector256.Narrow((s0 - (x0 * dot)) / Vector256.Create(norm), (s1 - (x1 * dot)) / Vector256.Create(norm)).Store(sums + k);
                }
            }
        }
    }
}
