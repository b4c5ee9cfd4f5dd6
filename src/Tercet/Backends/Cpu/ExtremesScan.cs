using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Finds each anchor's extreme rows: the fused kernel leaves the few that may be, and float64 decides among them, ties to the lowest original
/// row. Anchors with more near ties than the kernel keeps (duplicates, a collapsed batch) are scanned again, a row of keys each.
/// </summary>
internal sealed unsafe class ExtremesScan(CpuSession session) : IKeyRowConsumer, IDisposable
{
    private const int Undecided = -2;
    private const ExtremeKinds AnyPositive = ExtremeKinds.FarthestPositive | ExtremeKinds.NearestPositive;

    private readonly ExtremesKernel _kernel = new(session);
    private AnchorExtremes* _results;
    private ExtremeKinds _wanted;

    // SAFETY: the span stays pinned until every worker is done; each anchor has one element.
    public void Run(ExtremeKinds wanted, Span<AnchorExtremes> extremes)
    {
        _wanted = wanted;
        extremes = extremes[..session.Layout.AnchorCount];
        bool mustScan = (wanted & AnyPositive) == AnyPositive;
        if (mustScan)
        {
            foreach (ref AnchorExtremes extreme in extremes)
                extreme.NearestNegative = extreme.FarthestPositive = extreme.NearestPositive = Undecided;
        }
        else
        {
            _kernel.Run(wanted);
            mustScan = !DecideCandidates(wanted, extremes);
        }

        if (!mustScan)
            return;
        fixed (AnchorExtremes* results = extremes)
        {
            _results = results;
            session.ScanRows(this);
            _results = null;
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool DecideCandidates(ExtremeKinds wanted, Span<AnchorExtremes> extremes)
    {
        Span<int> candidates = stackalloc int[Math.Min(_kernel.LargestCandidateCount, 4096)];
        bool isDecided = true;
        for (int anchor = 0; anchor < extremes.Length; anchor++)
        {
            AnchorExtremes found = AnchorExtremes.None;
            if (wanted.HasFlag(ExtremeKinds.NearestNegative))
                found.NearestNegative = Decide(anchor, positives: false, sign: 1, candidates);
            if (wanted.HasFlag(ExtremeKinds.FarthestPositive))
                found.FarthestPositive = Decide(anchor, positives: true, sign: -1, candidates);
            if (wanted.HasFlag(ExtremeKinds.NearestPositive))
                found.NearestPositive = Decide(anchor, positives: true, sign: 1, candidates);
            isDecided &= found.NearestNegative != Undecided && found.FarthestPositive != Undecided && found.NearestPositive != Undecided;
            extremes[anchor] = found;
        }

        return isDecided;
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
