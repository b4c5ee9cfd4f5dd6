using System.Numerics.Tensors;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Semi-hard negatives in one pass over an anchor's keys. Its positives' distances, sorted, cut the line into buckets, and the nearest key beyond a
/// positive is the smallest of the buckets above it. A histogram of the keys, far finer than the buckets, counts them and leaves a few dozen to be
/// ranked one by one.
/// </summary>
internal sealed unsafe class SemiHardScan(CpuSession session) : IKeyRowConsumer, IDisposable
{
    private readonly PositiveDistances _distances = new(session);
    private readonly KeyErrors _errors = new(session);
    private SemiHardWorker[] _workers = [];
    private ISemiHardConsumer _consumer = null!;
    private SemiHardRequest _request;

    public void Run(SemiHardRequest request, ISemiHardConsumer consumer)
    {
        (_request, _consumer) = (request, consumer);
        if (_workers.Length < session.Workers)
        {
            int previous = _workers.Length;
            Array.Resize(ref _workers, session.Workers);
            for (int i = previous; i < _workers.Length; i++)
                _workers[i] = new SemiHardWorker(session);
        }

        _distances.Evaluate(session.WorkersFor((double)session.Layout.PairCount * session.Gallery.Depth));
        if (session.Layout.IsSymmetric)
            _errors.Measure(new KeyParts(session.Gallery.Depth));
        session.ScanRows(this);
        _consumer = null!;
    }

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        SemiHardWorker state = _workers[worker];
        RowLayout layout = session.Layout;
        int start = layout.ClassStarts[anchor];
        int end = layout.ClassEnds[anchor];
        float tolerance = layout.IsSymmetric ? _errors[anchor] + _errors.Largest : session.KeyTolerance(anchor);
        state.Begin(anchor, _distances.Of(anchor), tolerance, _request);

        // SAFETY: keys is the worker's own row of native memory, padded to whole panels with keys above all others.
        keys[start..end].Fill(PackedPanels.LargestKey);
        fixed (float* row = keys)
            state.Take(row, session.Gallery.PanelCount * session.Kernel.Columns);

        RankedRow farthest = _request.FindFarthest ? Farthest(anchor, keys, start, end) : RankedRow.None;
        state.Finish(farthest, out SemiHardResult result);
        _consumer.Take(worker, anchor, in result);
    }

    public void Dispose()
    {
        foreach (SemiHardWorker worker in _workers)
            worker.Dispose();
        _distances.Dispose();
        _errors.Dispose();
    }

    private RankedRow Farthest(int anchor, ReadOnlySpan<float> keys, int start, int end)
    {
        float largest = Math.Max(Maximum(keys[..start]), Maximum(keys[end..]));
        float limit = largest - (2.001f * session.KeyTolerance(anchor));
        ReadOnlySpan<int> rows = session.Layout.GalleryRows;
        int best = -1;
        double bestKey = 0;
        for (int position = 0; position < keys.Length; position++)
        {
            if (position == start)
                position = end;
            if (position >= keys.Length)
                break;
            if (keys[position] < limit)
                continue;
            double key = session.ExactKey(anchor, position);
            if (best < 0 || key > bestKey || (key == bestKey && rows[position] < rows[best]))
                (best, bestKey) = (position, key);
        }

        return new RankedRow(best, MetricKey.ToValue(session.Metric, bestKey));
    }

    private static float Maximum(ReadOnlySpan<float> keys) => keys.IsEmpty ? float.NegativeInfinity : TensorPrimitives.Max(keys);
}
