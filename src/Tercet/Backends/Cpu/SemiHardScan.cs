using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using Tercet.Mining;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Semi-hard negatives in one pass over an anchor's keys. Its positives' distances, sorted, cut the line into buckets; every negative falls into
/// one, and each bucket keeps its nearest. The running minimum from the last bucket down is, for every positive, the nearest negative farther
/// than it. Bins much finer than the buckets tell at one look-up whether a key can matter at all, and how many positives it is not farther than.
/// </summary>
internal sealed unsafe class SemiHardScan(CpuSession session) : IKeyRowConsumer, IDisposable
{
    private const int ChunkColumns = 2048;

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
                _workers[i] = new SemiHardWorker(session, ChunkColumns);
        }

        session.ScanRows(this);
        _consumer = null!;
    }

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        SemiHardWorker state = _workers[worker];
        RowLayout layout = session.Layout;
        int start = layout.ClassStarts[anchor];
        int end = layout.ClassEnds[anchor];
        state.Begin(anchor, start, end, layout.SelfPositions[anchor], _request);

        // SAFETY: keys is the worker's own row of native memory, padded to whole panels.
        fixed (float* row = keys)
        {
            Scan(state, row, 0, start);
            Scan(state, row, end, keys.Length);
        }

        RankedRow farthest = _request.FindFarthest ? Farthest(anchor, keys, start, end) : RankedRow.None;
        state.Finish(farthest, out SemiHardResult result);
        _consumer.Take(worker, anchor, in result);
    }

    public void Dispose()
    {
        foreach (SemiHardWorker worker in _workers)
            worker.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scan(SemiHardWorker state, float* row, int from, int to)
    {
        for (int column = from; column < to; column += ChunkColumns)
        {
            int count = Math.Min(ChunkColumns, to - column);
            session.Kernel.Fold.Bin(row + column, count, state.BinsPerKey, state.BinOffset, SemiHardWorker.LastBin, state.Bins);
            state.Take(row + column, column, count);
        }
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
