using System.Numerics.Tensors;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Finds each anchor's extreme rows: the extreme float32 key first, then every row whose key is within the tolerance of it, decided in
/// float64 with ties to the lowest original row.
/// </summary>
internal sealed unsafe class ExtremesScan(CpuSession session) : IKeyRowConsumer
{
    private AnchorExtremes* _results;
    private ExtremeKinds _wanted;

    public void Run(ExtremeKinds wanted, Span<AnchorExtremes> extremes)
    {
        _wanted = wanted;

        // SAFETY: the span stays pinned until every worker is done; each anchor has one element.
        fixed (AnchorExtremes* results = extremes[..session.Layout.AnchorCount])
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
        AnchorExtremes found = AnchorExtremes.None;
        if (_wanted.HasFlag(ExtremeKinds.NearestNegative))
            found.NearestNegative = Smallest(anchor, keys, 0, start, end, keys.Length, self: -1);

        int self = session.Layout.SelfPositions[anchor];
        if (_wanted.HasFlag(ExtremeKinds.NearestPositive))
            found.NearestPositive = Smallest(anchor, keys, start, end, end, end, self);
        if (_wanted.HasFlag(ExtremeKinds.FarthestPositive))
        {
            Span<float> positives = keys[start..end];
            TensorPrimitives.Negate(positives, positives);
            found.FarthestPositive = Smallest(anchor, keys, start, end, end, end, self, sign: -1);
        }

        _results[anchor] = found;
    }

    // The best position of two intervals of columns, by sign × key.
    private int Smallest(int anchor, ReadOnlySpan<float> keys, int start1, int end1, int start2, int end2, int self, int sign = 1)
    {
        float smallest = float.PositiveInfinity;
        if (self >= 0)
        {
            smallest = Math.Min(Minimum(keys[start1..self]), Minimum(keys[(self + 1)..end1]));
        }
        else
        {
            smallest = Math.Min(Minimum(keys[start1..end1]), Minimum(keys[start2..end2]));
        }

        float limit = smallest + (2.001f * session.KeyTolerance(anchor));
        int best = -1;
        double bestKey = 0;
        Decide(anchor, keys, start1, end1, limit, self, sign, ref best, ref bestKey);
        Decide(anchor, keys, start2, end2, limit, self, sign, ref best, ref bestKey);
        return best;
    }

    private void Decide(int anchor, ReadOnlySpan<float> keys, int start, int end, float limit, int self, int sign, ref int best, ref double bestKey)
    {
        for (int position = start; position < end; position++)
        {
            if (keys[position] > limit || position == self)
                continue;
            double key = sign * session.ExactKey(anchor, position);
            if (best < 0 || key < bestKey || (key == bestKey && session.Layout.GalleryRows[position] < session.Layout.GalleryRows[best]))
                (best, bestKey) = (position, key);
        }
    }

    private static float Minimum(ReadOnlySpan<float> keys) => keys.IsEmpty ? float.PositiveInfinity : TensorPrimitives.Min(keys);
}
