using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Threading;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Semi-hard negatives, a chunk of anchors at a time: the positives' exact distances in order, the fused pass that ranks every negative among them, and
/// the decision in float64. Tensor cores multiply where there are any and room for the pairs that they take. While the workers hand one chunk's answers on, the device does the next. A device that is short of memory gets smaller chunks.
/// </summary>
internal sealed unsafe class SemiHardPass(CudaSession session, ICudaDriver driver, IBufferAllocator pageLocked, WorkerTeam team, long budget) : ITeamJob, IDisposable
{
    private readonly DeviceBuffer _best = new(driver);
    private readonly DeviceBuffer _counts = new(driver);
    private readonly DeviceBuffer _candidates = new(driver);
    private readonly DeviceBuffer _found = new(driver);
    private readonly DeviceBuffer _keys = new(driver);
    private readonly DeviceBuffer _hard = new(driver);
    private readonly DeviceBuffer _violating = new(driver);
    private readonly SemiHardChunk _even = new(session, driver, pageLocked);
    private readonly SemiHardChunk _odd = new(session, driver, pageLocked);
    private SemiHardRow[] _workers = [];
    private SemiHardChunk _current = null!;
    private ISemiHardConsumer _consumer = null!;
    private SemiHardRequest _request;
    private SemiHardArguments _arguments;
    private nint _kernel;
    private long _budget;

    /// <summary>Runs over all anchors.</summary>
    public void Run(SemiHardRequest request, ISemiHardConsumer consumer)
    {
        int anchors = session.Layout.AnchorCount;
        if (anchors == 0)
            return;
        (_request, _consumer) = (request, consumer);
        PrepareWorkers();
        try
        {
            Prepare();
            SemiHardChunk? next = Begin(_even, 0);
            while (next is not null)
            {
                session.Cancellation.ThrowIfCancellationRequested();
                _current = next;
                driver.Wait(_current.Copied);
                next = Begin(_current == _even ? _odd : _even, _current.First + _current.Count);
                team.Run(this, _current.Count, session.Workers, session.Cancellation);
            }
        }
        finally
        {
            _consumer = null!;

            // Whoever stopped early leaves no copy under way into memory that the next call may replace.
            driver.Synchronize(session.Stream);
        }
    }

    void ITeamJob.Execute(int worker, int item)
    {
        RowLayout layout = session.Layout;
        int anchor = _current.First + item;
        int count = layout.PositiveCount(anchor);
        int pair = (int)(layout.PairOffsets[anchor] - layout.PairOffsets[_current.First]);
        int bucket = pair + (2 * item);
        SemiHardResult result = _workers[worker].Decode(
            session.Metric,
            layout.ClassStarts[anchor],
            layout.SelfPositions[anchor],
            _current.Values.Slice(pair, count),
            _current.Order.Slice(pair, count),
            _current.Found.Slice(bucket, count + 1),
            _current.Keys.Slice(bucket, count + 1));
        int farthest = bucket + count + 1;
        SemiHardResult whole = new()
        {
            Positives = result.Positives,
            PositiveDistances = result.PositiveDistances,
            Negatives = result.Negatives,
            Nearest = result.Nearest,
            Farthest = _request.FindFarthest ? new RankedRow(_current.Found[farthest], MetricKey.ToValue(session.Metric, _current.Keys[farthest])) : RankedRow.None,
            Hard = _request.Count ? _current.Hard[item] : 0,
            Violating = _request.Count ? _current.Violating[item] : 0,
        };
        _consumer.Take(worker, anchor, in whole);
    }

    public void Dispose()
    {
        _best.Dispose();
        _counts.Dispose();
        _candidates.Dispose();
        _found.Dispose();
        _keys.Dispose();
        _hard.Dispose();
        _violating.Dispose();
        _even.Dispose();
        _odd.Dispose();
        foreach (SemiHardRow worker in _workers)
            worker.Dispose();
    }

    private void PrepareWorkers()
    {
        if (_workers.Length >= session.Workers)
            return;
        int previous = _workers.Length;
        Array.Resize(ref _workers, session.Workers);
        for (int i = previous; i < _workers.Length; i++)
            _workers[i] = new SemiHardRow();
    }

    private void Prepare()
    {
        RowLayout layout = session.Layout;
        long anchors = layout.AnchorCount;
        ClassIntervals classes = session.Classes.Upload();
        bool onTensorCores = session.TryPreparePairs();
        _kernel = onTensorCores ? session.Kernels.SemiHardTensorCores : session.Kernels.SemiHard;
        _arguments = new SemiHardArguments
        {
            Anchors = session.Anchors,
            Gallery = session.Gallery,
            Classes = classes,
            Tolerance = onTensorCores ? session.PairTolerance : session.KeyTolerances,
            AnchorHalves = session.AnchorPairs,
            GalleryHalves = session.GalleryPairs,
            Positives = session.Positives.Run(classes, _request.Margin),
            Hard = _hard.Grow(anchors * sizeof(long)),
            Violating = _violating.Grow(anchors * sizeof(long)),
            Counts = _request.Count ? 1 : 0,
            Farthest = _request.FindFarthest ? 1 : 0,
        };
        driver.Fill(_hard.Address, 0, anchors * 2, session.Stream);
        driver.Fill(_violating.Address, 0, anchors * 2, session.Stream);
        Size(layout);
    }

    private void Size(RowLayout layout)
    {
        _budget = budget;
        while (true)
        {
            long buckets = 0;
            int chunks = 0;
            for (int first = 0; first < layout.AnchorCount; chunks++)
            {
                int count = CudaPlan.BucketAnchors(layout.PairOffsets, first, _budget);
                buckets = Math.Max(buckets, CudaPlan.Buckets(layout.PairOffsets, first, count));
                first += count;
            }

            try
            {
                _arguments.Buckets = new KindBuffers
                {
                    Best = _best.Grow(buckets * sizeof(uint)),
                    Counts = _counts.Grow(buckets * sizeof(int)),
                    Candidates = _candidates.Grow(buckets * CudaPlan.Candidates * sizeof(ulong)),
                    Found = _found.Grow(buckets * sizeof(int)),
                };
                _arguments.BucketKeys = _keys.Grow(buckets * sizeof(double));
                return;
            }
            catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory && chunks < CudaPlan.Panels(layout.AnchorCount))
            {
                _budget /= 2;
            }
        }
    }

    // Null past the last anchor.
    private SemiHardChunk? Begin(SemiHardChunk chunk, int first)
    {
        RowLayout layout = session.Layout;
        if (first >= layout.AnchorCount)
            return null;
        int count = CudaPlan.BucketAnchors(layout.PairOffsets, first, _budget);
        long buckets = CudaPlan.Buckets(layout.PairOffsets, first, count);
        chunk.Begin(first, count);
        driver.Fill(_best.Address, uint.MaxValue, buckets, session.Stream);
        driver.Fill(_counts.Address, 0, buckets, session.Stream);
        SemiHardArguments arguments = _arguments;
        arguments.FirstPanel = first / CudaPlan.PanelRows;
        int columns = session.Gallery.PanelCount;

        // SAFETY: the driver has read the struct when a launch returns. The stream keeps this chunk's kernels behind the last chunk's copies.
        for (; arguments.FirstColumn < columns; arguments.FirstColumn += CudaPlan.LargestGridRows)
        {
            int rows = Math.Min(CudaPlan.LargestGridRows, columns - arguments.FirstColumn);
            driver.Launch(_kernel, new LaunchGrid(CudaPlan.Panels(count), rows, CudaPlan.Threads), (nint)(&arguments), session.Stream);
        }

        driver.Launch(session.Kernels.SemiHardDecide, new LaunchGrid(count, 1, CudaPlan.Threads), (nint)(&arguments), session.Stream);
        chunk.Copy(arguments);
        return chunk;
    }
}
