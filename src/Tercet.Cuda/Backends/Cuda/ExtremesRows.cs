namespace Tercet.Backends.Cuda;

/// <summary>
/// Extremes on the host, from the device's rows of keys: for a device that has no room for the fused pass' candidates. Keys tell which rows may be
/// an anchor's best, float64 which one is.
/// </summary>
internal sealed unsafe class ExtremesRows(CudaSession session) : IKeyRowConsumer
{
    // Twice the tolerance, and what adding it to a key may lose.
    private const float NearTie = 2.002f;

    private ExtremeKinds _wanted;
    private AnchorExtremes* _extremes;

    /// <summary>Runs over all anchors.</summary>
    /// <param name="wanted">Which extremes to find.</param>
    /// <param name="extremes">Receives them.</param>
    public void Run(ExtremeKinds wanted, Span<AnchorExtremes> extremes)
    {
        extremes[..session.Layout.AnchorCount].Fill(AnchorExtremes.None);
        _wanted = wanted;

        // SAFETY: the span stays pinned until all rows have been consumed, and anchors are below its length.
        fixed (AnchorExtremes* first = extremes)
        {
            _extremes = first;
            session.ScanRows(this);
            _extremes = null;
        }
    }

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        int start = session.Layout.ClassStarts[anchor], end = session.Layout.ClassEnds[anchor];
        ref AnchorExtremes found = ref _extremes[anchor];
        if ((_wanted & ExtremeKinds.FarthestPositive) != 0)
            found.FarthestPositive = Best(anchor, keys, start, end, isInside: true, sign: -1);
        if ((_wanted & ExtremeKinds.NearestPositive) != 0)
            found.NearestPositive = Best(anchor, keys, start, end, isInside: true, sign: 1);
        if ((_wanted & ExtremeKinds.NearestNegative) != 0)
            found.NearestNegative = Best(anchor, keys, start, end, isInside: false, sign: 1);
    }

    // The least of sign × key among the label's rows but the anchor itself, or among all others.
    private int Best(int anchor, ReadOnlySpan<float> keys, int start, int end, bool isInside, int sign)
    {
        int self = session.Layout.SelfPositions[anchor];
        float least = float.PositiveInfinity;
        for (int position = isInside ? start : 0; position < (isInside ? end : keys.Length); position++)
        {
            if (IsCandidate(position))
                least = Math.Min(least, sign * keys[position]);
        }

        float limit = least + (NearTie * session.KeyTolerance(anchor));
        ReadOnlySpan<int> rows = session.Layout.GalleryRows;
        int best = -1;
        double bestKey = 0;
        for (int position = isInside ? start : 0; position < (isInside ? end : keys.Length); position++)
        {
            if (!IsCandidate(position) || !(sign * keys[position] <= limit))
                continue;
            double key = sign * session.ExactKey(anchor, position);
            if (best < 0 || key < bestKey || (key == bestKey && rows[position] < rows[best]))
                (best, bestKey) = (position, key);
        }

        return best;

        bool IsCandidate(int position) => (position >= start && position < end) == isInside && position != self;
    }
}
