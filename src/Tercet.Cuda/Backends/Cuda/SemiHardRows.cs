using System.Numerics.Tensors;
using Tercet.Mining;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Semi-hard negatives on the host, from the device's rows of keys. Each key is ranked among the anchor's positives by binary search: far from every
/// threshold the key says the rank, near one float64 does. Each rank's bucket keeps its nearest negative, and a positive's answer is the
/// nearest of the first bucket above it that holds any.
/// </summary>
internal sealed class SemiHardRows(CudaSession session) : IKeyRowConsumer, IDisposable
{
    private SemiHardState[] _workers = [];
    private ISemiHardConsumer _consumer = null!;
    private SemiHardRequest _request;

    /// <summary>Runs over all anchors.</summary>
    public void Run(SemiHardRequest request, ISemiHardConsumer consumer)
    {
        (_request, _consumer) = (request, consumer);
        if (_workers.Length < session.Workers)
        {
            int previous = _workers.Length;
            Array.Resize(ref _workers, session.Workers);
            for (int i = previous; i < _workers.Length; i++)
                _workers[i] = new SemiHardState(session);
        }

        session.ScanRows(this);
        _consumer = null!;
    }

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        SemiHardState state = _workers[worker];
        int start = session.Layout.ClassStarts[anchor];
        int end = session.Layout.ClassEnds[anchor];
        state.Begin(anchor, _request);
        state.Take(keys[..start], 0);
        state.Take(keys[end..], end);
        RankedRow farthest = _request.FindFarthest ? Farthest(anchor, keys, start, end) : RankedRow.None;
        SemiHardResult result = state.Finish(farthest);
        _consumer.Take(worker, anchor, in result);
    }

    public void Dispose()
    {
        foreach (SemiHardState worker in _workers)
            worker.Dispose();
    }

    private RankedRow Farthest(int anchor, ReadOnlySpan<float> keys, int start, int end)
    {
        float largest = Math.Max(Maximum(keys[..start]), Maximum(keys[end..]));
        float limit = largest - (SemiHardState.NearTie * session.KeyTolerance(anchor));
        ReadOnlySpan<int> rows = session.Layout.GalleryRows;
        int best = -1;
        double bestKey = 0;
        for (int position = 0; position < keys.Length; position++)
        {
            if (keys[position] < limit || (position >= start && position < end))
                continue;
            double key = session.ExactKey(anchor, position);
            if (best < 0 || key > bestKey || (key == bestKey && rows[position] < rows[best]))
                (best, bestKey) = (position, key);
        }

        return new RankedRow(best, MetricKey.ToValue(session.Metric, bestKey));
    }

    private static float Maximum(ReadOnlySpan<float> keys) => keys.IsEmpty ? float.NegativeInfinity : TensorPrimitives.Max(keys);
}
