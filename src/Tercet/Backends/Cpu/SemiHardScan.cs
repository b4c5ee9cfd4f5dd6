using System.Numerics.Tensors;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cpu;

/// <summary>
/// Semi-hard negatives. In the square form every key is computed once, for both its rows: <see cref="NearPass"/> keeps the few that may be the nearest beyond a
/// positive, <see cref="NearResolver"/> finds the negatives among them. Counts, the farthest negative, anchors against a gallery, and an anchor whose list
/// overflows, take an anchor's whole row of keys: <see cref="SemiHardWorker"/>.
/// </summary>
internal sealed unsafe class SemiHardScan : IKeyRowConsumer, ITeamJob, IDisposable
{
    private const int AnchorsPerItem = 40;

    private readonly CpuSession _session;
    private readonly PositiveDistances _distances;
    private readonly KeyErrors _errors;
    private readonly NearPass _pass;
    private SemiHardWorker[] _workers = [];
    private NearResolver[] _resolvers = [];
    private ISemiHardConsumer _consumer = null!;
    private SemiHardRequest _request;

    public SemiHardScan(CpuSession session)
    {
        _session = session;
        _distances = new PositiveDistances(session);
        _errors = new KeyErrors(session);
        _pass = new NearPass(session, _distances, _errors);
    }

    public void Run(SemiHardRequest request, ISemiHardConsumer consumer)
    {
        (_request, _consumer) = (request, consumer);
        if (_workers.Length < _session.Workers)
        {
            int previous = _workers.Length;
            Array.Resize(ref _workers, _session.Workers);
            Array.Resize(ref _resolvers, _session.Workers);
            for (int i = previous; i < _workers.Length; i++)
                (_workers[i], _resolvers[i]) = (new SemiHardWorker(_session), new NearResolver(_session));
        }

        _distances.Evaluate(_session.WorkersFor((double)_session.Layout.PairCount * _session.Gallery.Depth));
        if (_session.Layout.IsSymmetric)
            _errors.Measure(new KeyParts(_session.Gallery.Depth));

        if (_session.Layout.IsSymmetric && !request.Count && !request.FindFarthest && _pass.Prepare())
        {
            int workers = _session.WorkersFor((double)_session.Layout.AnchorCount * _session.Gallery.Count * _session.Gallery.Depth);
            _pass.Run(workers);
            _session.Team.Run(this, (_session.Layout.AnchorCount + AnchorsPerItem - 1) / AnchorsPerItem, workers, _session.Cancellation);
        }
        else
        {
            _session.ScanRows(this);
        }

        _consumer = null!;
    }

    void IKeyRowConsumer.Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys)
    {
        SemiHardWorker state = _workers[worker];
        RowLayout layout = _session.Layout;
        int start = layout.ClassStarts[anchor];
        int end = layout.ClassEnds[anchor];
        float tolerance = layout.IsSymmetric ? _errors.ToleranceOf(anchor) : _session.KeyTolerance(anchor);
        state.Begin(anchor, _distances.Of(anchor), tolerance, _request);

        // SAFETY: keys is the worker's own row of native memory, padded to whole panels with keys above all others.
        keys[start..end].Fill(PackedPanels.LargestKey);
        fixed (float* row = keys)
            state.Take(row, _session.Gallery.PanelCount * _session.Kernel.Columns);

        RankedRow farthest = _request.FindFarthest ? Farthest(anchor, keys, start, end) : RankedRow.None;
        state.Finish(farthest, out SemiHardResult result);
        _consumer.Take(worker, anchor, in result);
    }

    void ITeamJob.Execute(int worker, int item)
    {
        int end = Math.Min(_session.Layout.AnchorCount, (item + 1) * AnchorsPerItem);
        for (int anchor = item * AnchorsPerItem; anchor < end; anchor++)
        {
            if (anchor + 1 < end)
                _pass.Lists.AskFor(anchor + 1);
            AnchorWindow* window = _pass.Lists.Window(anchor);
            if (window->Count == AnchorWindow.Overflowed)
            {
                ConsumeRow(worker, anchor);
                continue;
            }

            // SAFETY: the list holds count keys.
            _resolvers[worker].Resolve(
                anchor, _distances.Of(anchor), _errors.ToleranceOf(anchor), window, _pass.Lists.Keys(anchor), _pass.Lists.Positions(anchor), out SemiHardResult result);
            _consumer.Take(worker, anchor, in result);
        }
    }

    public void Dispose()
    {
        _pass.Dispose();
        foreach (SemiHardWorker worker in _workers)
            worker.Dispose();
        foreach (NearResolver resolver in _resolvers)
            resolver.Dispose();
        _distances.Dispose();
        _errors.Dispose();
    }

    // The row is computed again, a tile's height of them.
    private void ConsumeRow(int worker, int anchor)
    {
        PackedPanels gallery = _session.Gallery;
        TileKernel kernel = _session.Kernel;
        int stride = gallery.PanelCount * kernel.Columns;
        int first = anchor / kernel.Rows * kernel.Rows;

        // SAFETY: the worker's buffer holds kernel.Rows rows of whole panels.
        float* keys = _workers[worker].Rows(kernel.Rows * stride);
        RowScan.ComputeKeys(_session, first, kernel.Rows, 0, gallery.PanelCount, keys, stride);
        ((IKeyRowConsumer)this).Consume(_session, worker, anchor, new Span<float>(keys + ((anchor - first) * stride), gallery.Count));
    }

    private RankedRow Farthest(int anchor, ReadOnlySpan<float> keys, int start, int end)
    {
        float largest = Math.Max(Maximum(keys[..start]), Maximum(keys[end..]));
        float limit = largest - (2.001f * _session.KeyTolerance(anchor));
        ReadOnlySpan<int> rows = _session.Layout.GalleryRows;
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
            double key = _session.ExactKey(anchor, position);
            if (best < 0 || key > bestKey || (key == bestKey && rows[position] < rows[best]))
                (best, bestKey) = (position, key);
        }

        return new RankedRow(best, MetricKey.ToValue(_session.Metric, bestKey));
    }

    private static float Maximum(ReadOnlySpan<float> keys) => keys.IsEmpty ? float.NegativeInfinity : TensorPrimitives.Max(keys);
}
