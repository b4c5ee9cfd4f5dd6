using System.Runtime.CompilerServices;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// The exact distance of every positive pair, in the square form each evaluated once. Turning rows into float64 costs more than a distance: a label's rows are turned
/// once for all distances among them.
/// </summary>
internal sealed unsafe class PositiveDistances(CpuSession session) : ITeamJob, IDisposable
{
    private const int AnchorsPerItem = 40;
    private const int WideBytes = 512 << 10;

    private PinnedBuffer<double>[] _wide = [];
    private PinnedBuffer<double> _distances = new(0);
    private int _wideRows;

    /// <summary>An anchor's distances to its positives, by position; <see cref="ThresholdEdges.Padding"/> more can be read behind them.</summary>
    public ReadOnlySpan<double> Of(int anchor) => _distances.Span.Slice((int)session.Layout.PairOffsets[anchor], session.Layout.PositiveCount(anchor));

    /// <summary>Evaluates all of them.</summary>
    /// <param name="workers">Most threads to use.</param>
    public void Evaluate(int workers)
    {
        RowLayout layout = session.Layout;
        int depth = session.Gallery.Depth;
        PinnedBuffer.Grow(ref _distances, layout.PairCount + ThresholdEdges.Padding);
        _wideRows = Math.Max(2, WideBytes / sizeof(double) / depth);
        if (_wide.Length < workers)
        {
            int previous = _wide.Length;
            Array.Resize(ref _wide, workers);
            for (int i = previous; i < workers; i++)
                _wide[i] = new PinnedBuffer<double>(0);
        }

        for (int i = 0; i < workers; i++)
            PinnedBuffer.Grow(ref _wide[i], (long)_wideRows * depth);
        session.Team.Run(this, (layout.AnchorCount + AnchorsPerItem - 1) / AnchorsPerItem, workers, session.Cancellation);
    }

    void ITeamJob.Execute(int worker, int item)
    {
        ReadOnlySpan<int> ends = session.Layout.ClassEnds;
        int end = Math.Min(session.Layout.AnchorCount, (item + 1) * AnchorsPerItem);

        // SAFETY: the worker's own buffer holds _wideRows rows.
        double* wide = (double*)_wide[worker].DangerousGetAddress();
        for (int anchor = item * AnchorsPerItem; anchor < end;)
        {
            if (!session.Layout.IsSymmetric)
            {
                EvaluateOne(anchor++);
                continue;
            }

            int classEnd = ends[anchor];
            int runEnd = Math.Clamp(classEnd, anchor + 1, end);
            if (classEnd > anchor + 1)
                EvaluateRun(wide, anchor, runEnd, classEnd);
            anchor = runEnd;
        }
    }

    public void Dispose()
    {
        foreach (PinnedBuffer<double> wide in _wide)
            wide.Dispose();
        _distances.Dispose();
    }

    private void EvaluateOne(int anchor)
    {
        RowLayout layout = session.Layout;
        double* distance = (double*)_distances.DangerousGetAddress() + layout.PairOffsets[anchor];
        for (int position = layout.ClassStarts[anchor]; position < layout.ClassEnds[anchor]; position++)
        {
            if (position != layout.SelfPositions[anchor])
                *distance++ = MetricKey.ToValue(session.Metric, session.ExactKey(anchor, position));
        }
    }

    // The anchors [first, end) against all that follow them in their label; the anchor that stands first writes for both.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EvaluateRun(double* wide, int first, int end, int classEnd)
    {
        int depth = session.Gallery.Depth;
        int rows = Math.Min(classEnd - first, _wideRows);
        for (int row = 0; row < rows; row++)
            ExactDistance.Widen(session.GalleryRow(first + row), wide + ((nint)row * depth), depth);

        ReadOnlySpan<long> offsets = session.Layout.PairOffsets;
        double* distances = (double*)_distances.DangerousGetAddress();
        int start = session.Layout.ClassStarts[first];
        for (int anchor = first; anchor < end; anchor++)
        {
            double* x = wide + ((nint)(anchor - first) * depth);
            for (int other = anchor + 1; other < classEnd; other++)
            {
                double key = other - first < rows ? Key(x, wide + ((nint)(other - first) * depth), anchor, other) : session.ExactKey(anchor, other);
                double distance = MetricKey.ToValue(session.Metric, key);
                distances[offsets[anchor] + (other - start - 1)] = distance;
                distances[offsets[other] + (anchor - start)] = distance;
            }
        }
    }

    private double Key(double* x, double* y, int anchor, int other) => session.Metric == DistanceMetric.Cosine
        ? session.CosineKey(ExactDistance.Dot(x, y, session.Gallery.Depth), anchor, other)
        : ExactDistance.SquaredEuclidean(x, y, session.Gallery.Depth);
}
