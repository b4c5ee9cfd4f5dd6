using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Finds each anchor's extreme rows: the fused kernel leaves the few that may be, and float64 decides among them, ties to the lowest original
/// row. Anchors with more near ties than the kernel keeps (duplicates, a collapsed batch) are scanned again, a row of keys each.
/// </summary>
internal sealed unsafe class ExtremesScan(CpuSession session) : IKeyRowConsumer, ITeamJob, IDisposable
{
    private const int Undecided = -2;
    private const int ItemAnchors = 64;

    // Rows lie far apart. So many anchors before their distances are taken, the beginnings of their rows are asked for; the rest follows in order.
    private const int AnchorsAhead = 2;
    private const int FloatsAhead = 512;

    // Multiply-adds that deciding an anchor is worth.
    private const double DecisionCost = 10_000;
    private const ExtremeKinds AnyPositive = ExtremeKinds.FarthestPositive | ExtremeKinds.NearestPositive;

    private readonly ExtremesKernel _kernel = new(session);
    private AnchorExtremes* _results;
    private ExtremeKinds _wanted;
    private volatile bool _isUndecided;

    // SAFETY: the span stays pinned until every worker is done; each anchor has one element.
    public void Run(ExtremeKinds wanted, Span<AnchorExtremes> extremes)
    {
        _wanted = wanted;
        extremes = extremes[..session.Layout.AnchorCount];
        fixed (AnchorExtremes* results = extremes)
        {
            _results = results;
            _isUndecided = (wanted & AnyPositive) == AnyPositive;
            if (_isUndecided)
            {
                extremes.Fill(AnchorExtremes.None with { NearestNegative = Undecided, FarthestPositive = Undecided, NearestPositive = Undecided });
            }
            else
            {
                _kernel.Run(wanted);
                int items = (extremes.Length + ItemAnchors - 1) / ItemAnchors;
                session.Team.Run(this, items, session.WorkersFor((double)extremes.Length * DecisionCost), session.Cancellation);
            }

            if (_isUndecided)
                session.ScanRows(this);
            _results = null;
        }
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int start = item * ItemAnchors, end = Math.Min(start + ItemAnchors, session.Layout.AnchorCount);
        Span<int> candidates = stackalloc int[Math.Min(_kernel.LargestCandidateCount, 4096)];
        for (int anchor = start; anchor < end + AnchorsAhead; anchor++)
        {
            if (anchor < end)
                _results[anchor] = Decide(anchor, candidates);
            if (anchor - AnchorsAhead >= start)
                Measure(anchor - AnchorsAhead);
        }
    }

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        int start = session.Layout.ClassStarts[anchor];
        int end = session.Layout.ClassEnds[anchor];
        int self = session.Layout.SelfPositions[anchor];
        AnchorExtremes found = _results[anchor];
        if (found.NearestNegative == Undecided)
            found.NearestNegative = SmallestNegative(anchor, keys, start, end);
        if (found.NearestPositive == Undecided)
            found.NearestPositive = SmallestPositive(anchor, keys, start, end, self, sign: 1);
        if (found.FarthestPositive == Undecided)
            found.FarthestPositive = SmallestPositive(anchor, keys, start, end, self, sign: -1);
        _results[anchor] = found;
    }

    public void Dispose() => _kernel.Dispose();

    private AnchorExtremes Decide(int anchor, Span<int> candidates)
    {
        AnchorExtremes found = AnchorExtremes.None;
        if ((_wanted & ExtremeKinds.NearestNegative) != 0)
            found.NearestNegative = Decide(anchor, positives: false, sign: 1, candidates);
        if ((_wanted & ExtremeKinds.FarthestPositive) != 0)
            found.FarthestPositive = Decide(anchor, positives: true, sign: -1, candidates);
        if ((_wanted & ExtremeKinds.NearestPositive) != 0)
            found.NearestPositive = Decide(anchor, positives: true, sign: 1, candidates);
        AskFor(session.AnchorRow(anchor));
        foreach (int position in (ReadOnlySpan<int>)[found.NearestNegative, found.FarthestPositive, found.NearestPositive])
        {
            if (position == Undecided)
                _isUndecided = true;
            else if (position >= 0)
                AskFor(session.GalleryRow(position));
        }

        return found;
    }

    private void AskFor(float* row) => Ahead.Rows(row, 0, Math.Min(FloatsAhead, session.Gallery.Depth), 1);

    private void Measure(int anchor)
    {
        ref AnchorExtremes found = ref _results[anchor];
        if (found.NearestNegative >= 0)
            found.NearestNegativeKey = session.ExactKey(anchor, found.NearestNegative);
        if (found.FarthestPositive >= 0)
            found.FarthestPositiveKey = session.ExactKey(anchor, found.FarthestPositive);
        if (found.NearestPositive >= 0)
            found.NearestPositiveKey = session.ExactKey(anchor, found.NearestPositive);
    }

    private int Decide(int anchor, bool positives, int sign, Span<int> candidates)
    {
        int count = _kernel.Candidates(anchor, positives, candidates);
        if (count < 0)
            return Undecided;
        if (count == 1)
            return candidates[0];
        int best = -1;
        double bestKey = 0;
        foreach (int position in candidates[..count])
            TakeIfBetter(anchor, position, sign, ref best, ref bestKey);
        return best;
    }

    private int SmallestPositive(int anchor, Span<float> keys, int start, int end, int self, int sign)
    {
        Span<float> scores = keys[start..end];
        if (sign < 0)
            TensorPrimitives.Negate(scores, scores);
        if (self >= 0)
            keys[self] = float.MaxValue;
        float limit = TensorPrimitives.Min<float>(scores) + (2.001f * session.KeyTolerance(anchor));
        int best = -1;
        double bestKey = 0;
        DecideBelow(anchor, keys, start, end, limit, sign, ref best, ref bestKey);
        if (sign < 0)
            TensorPrimitives.Negate(scores, scores);
        return best;
    }

    private int SmallestNegative(int anchor, ReadOnlySpan<float> keys, int start, int end)
    {
        float smallest = Math.Min(Minimum(keys[..start]), Minimum(keys[end..]));
        float limit = smallest + (2.001f * session.KeyTolerance(anchor));
        int best = -1;
        double bestKey = 0;
        DecideBelow(anchor, keys, 0, start, limit, 1, ref best, ref bestKey);
        DecideBelow(anchor, keys, end, keys.Length, limit, 1, ref best, ref bestKey);
        return best;
    }

    private void DecideBelow(int anchor, ReadOnlySpan<float> keys, int start, int end, float limit, int sign, ref int best, ref double bestKey)
    {
        for (int position = start; position < end; position++)
        {
            if (keys[position] <= limit)
                TakeIfBetter(anchor, position, sign, ref best, ref bestKey);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void TakeIfBetter(int anchor, int position, int sign, ref int best, ref double bestKey)
    {
        double key = sign * session.ExactKey(anchor, position);
        if (best < 0 || key < bestKey || (key == bestKey && session.Layout.GalleryRows[position] < session.Layout.GalleryRows[best]))
            (best, bestKey) = (position, key);
    }

    private static float Minimum(ReadOnlySpan<float> keys) => keys.IsEmpty ? float.PositiveInfinity : TensorPrimitives.Min(keys);
}
