using Tercet.Backends.Cuda.Arguments;
using Tercet.Backends.Cuda.Driver;
using Tercet.Memory;

namespace Tercet.Backends.Cuda;

/// <summary>
/// The loss over all triplets and its gradient, a chunk of columns at a time: the pairs' weights from the fused pass, their product with the rows, and at the
/// end what follows from both. A device that is short of memory gets smaller chunks. All sums are taken in an order of their own, whatever order blocks run in.
/// </summary>
internal sealed unsafe class LossPass(CudaSession session, ICudaDriver driver, IBufferAllocator pageLocked, long budget) : IDisposable
{
    private const int MeanDimensions = 32;
    private const int WarpsPerBlock = CudaPlan.Threads / 32;

    private readonly DeviceBuffer _mean = new(driver);
    private readonly DeviceBuffer _centred = new(driver);
    private readonly DeviceBuffer _weights = new(driver);
    private readonly DeviceBuffer _segmentSums = new(driver);
    private readonly DeviceBuffer _sums = new(driver);
    private readonly DeviceBuffer _chunkWeights = new(driver);
    private readonly DeviceBuffer _chunkLosses = new(driver);
    private readonly DeviceBuffer _weightSums = new(driver);
    private readonly DeviceBuffer _losses = new(driver);
    private readonly DeviceBuffer _tallies = new(driver);
    private readonly DeviceBuffer _violations = new(driver);
    private readonly DeviceBuffer _nonZero = new(driver);
    private readonly DeviceBuffer _gradient = new(driver);
    private PinnedBuffer<double> _hostLosses = new(1, pageLocked);
    private PinnedBuffer<long> _hostNonZero = new(1, pageLocked);
    private PinnedBuffer<float> _hostGradient = new(1, pageLocked);
    private LossArguments _arguments;

    /// <summary>Runs over all pairs.</summary>
    /// <param name="margin">The margin, in the metric's unit.</param>
    /// <param name="gradient">Receives the gradient by position, <c>[G, D]</c>; empty when not wanted.</param>
    /// <param name="nonZeroTerms">Number of terms above zero.</param>
    /// <returns>The loss.</returns>
    public double Run(double margin, Span<float> gradient, out long nonZeroTerms)
    {
        int rows = session.Layout.AnchorCount;
        try
        {
            Prepare(margin, !gradient.IsEmpty);
            int chunkPanels = Size();
            for (int first = 0; first < session.Gallery.PanelCount; first += chunkPanels)
            {
                session.Cancellation.ThrowIfCancellationRequested();
                RunChunk(first, Math.Min(chunkPanels, session.Gallery.PanelCount - first));
            }

            Finish(gradient.Length);
        }
        finally
        {
            // Whoever stopped early leaves no copy under way into memory that the next call may replace.
            driver.Synchronize(session.Stream);
        }

        _hostGradient.Span[..gradient.Length].CopyTo(gradient);
        double loss = 0;
        nonZeroTerms = 0;
        for (int row = 0; row < rows; row++)
        {
            loss += _hostLosses.Span[row];
            nonZeroTerms += _hostNonZero.Span[row];
        }

        return loss;
    }

    public void Dispose()
    {
        _mean.Dispose();
        _centred.Dispose();
        _weights.Dispose();
        _segmentSums.Dispose();
        _sums.Dispose();
        _chunkWeights.Dispose();
        _chunkLosses.Dispose();
        _weightSums.Dispose();
        _losses.Dispose();
        _tallies.Dispose();
        _violations.Dispose();
        _nonZero.Dispose();
        _gradient.Dispose();
        _hostLosses.Dispose();
        _hostNonZero.Dispose();
        _hostGradient.Dispose();
    }

    private void Prepare(double margin, bool wantsGradient)
    {
        RowLayout layout = session.Layout;
        LossPlan plan = new(layout.AnchorCount, session.Gallery.Depth, wantsGradient);
        ClassIntervals classes = session.Classes.Upload();
        nint stream = session.Stream;
        long tallies = layout.PairCount + layout.AnchorCount;
        _arguments = new LossArguments
        {
            Rows = session.Anchors,
            Classes = classes,
            Tolerance = session.KeyTolerances,
            Positives = session.Positives.Run(classes, margin),
            WeightSums = _weightSums.Grow(plan.PaddedRows * sizeof(double)),
            Losses = _losses.Grow(plan.PaddedRows * sizeof(double)),
            Tallies = _tallies.Grow(tallies * sizeof(int)),
            Violations = _violations.Grow(Math.Max(1, layout.PairCount) * sizeof(int)),
            NonZero = _nonZero.Grow((long)layout.AnchorCount * sizeof(long)),
            Segments = plan.Segments,
            SegmentRows = plan.SegmentRows,
            WantsGradient = wantsGradient ? 1 : 0,
        };
        driver.Fill(_arguments.WeightSums, 0, plan.PaddedRows * 2, stream);
        driver.Fill(_arguments.Losses, 0, plan.PaddedRows * 2, stream);
        driver.Fill(_arguments.Tallies, 0, tallies, stream);
        if (!wantsGradient)
            return;
        _arguments.Mean = _mean.Grow(plan.Dimensions * sizeof(float));
        _arguments.Centred = _centred.Grow(plan.AllSegmentRows * plan.Dimensions * sizeof(float));
        _arguments.Sums = _sums.Grow(plan.PaddedRows * plan.Dimensions * sizeof(float));
        _arguments.Gradient = _gradient.Grow((long)layout.AnchorCount * session.Gallery.Depth * sizeof(float));
        Launch(session.Kernels.LossMean, (int)(plan.Dimensions / MeanDimensions), 1);
        Launch(session.Kernels.LossCentre, Blocks(plan.AllSegmentRows), 1);
    }

    // The chunk's panels of columns.
    private int Size()
    {
        LossPlan plan = Plan();
        int panels = plan.ChunkPanels(budget);
        while (true)
        {
            try
            {
                _arguments.ChunkWeights = _chunkWeights.Grow(panels * plan.PaddedRows * sizeof(double));
                _arguments.ChunkLosses = _chunkLosses.Grow(panels * plan.PaddedRows * sizeof(double));
                if (_arguments.WantsGradient != 0)
                {
                    _arguments.Weights = _weights.Grow(panels * plan.AllSegmentRows * CudaPlan.PanelRows * sizeof(float));
                    _arguments.SegmentSums = _segmentSums.Grow((long)panels * plan.Segments * CudaPlan.PanelRows * plan.Dimensions * sizeof(float));
                }

                return panels;
            }
            catch (CudaException exception) when (exception.Status == CudaException.OutOfMemory && panels > 1)
            {
                panels /= 2;
            }
        }
    }

    private void RunChunk(int first, int panels)
    {
        LossPlan plan = Plan();
        (_arguments.FirstColumn, _arguments.ChunkPanels) = (first, panels);
        bool wantsGradient = _arguments.WantsGradient != 0;
        CudaKernels kernels = session.Kernels;
        Launch(kernels.LossWeights, (int)((wantsGradient ? plan.AllSegmentRows : plan.PaddedRows) / CudaPlan.PanelRows), panels);
        if (wantsGradient)
            Launch(kernels.LossSums, (int)(plan.Segments * plan.Dimensions / CudaPlan.PanelRows), panels);
        Launch(kernels.LossCollect, Blocks(Math.Max(plan.PaddedRows, wantsGradient ? panels * CudaPlan.PanelRows * plan.Dimensions : 0) / CudaPlan.Threads), 1);
    }

    private void Finish(int gradientLength)
    {
        int rows = session.Layout.AnchorCount;
        nint stream = session.Stream;
        Launch(session.Kernels.LossTerms, Blocks(rows / WarpsPerBlock), 1);
        session.Grow(ref _hostLosses, rows);
        session.Grow(ref _hostNonZero, rows);
        driver.CopyToHost(_hostLosses.DangerousGetAddress(), _arguments.Losses, (long)rows * sizeof(double), stream);
        driver.CopyToHost(_hostNonZero.DangerousGetAddress(), _arguments.NonZero, (long)rows * sizeof(long), stream);
        if (gradientLength == 0)
            return;
        Launch(session.Kernels.LossFinish, Blocks(rows / WarpsPerBlock), 1);
        session.Grow(ref _hostGradient, gradientLength);
        driver.CopyToHost(_hostGradient.DangerousGetAddress(), _arguments.Gradient, (long)gradientLength * sizeof(float), stream);
    }

    private LossPlan Plan() => new(session.Layout.AnchorCount, session.Gallery.Depth, _arguments.WantsGradient != 0);

    // Of kernels that stride over their items: no more than the device holds at once.
    private int Blocks(long wanted) => (int)Math.Clamp(wanted, 1, session.Kernels.StridingBlocks);

    // SAFETY: the driver has read the struct when the launch returns.
    private void Launch(nint kernel, int blocks, int rows)
    {
        LossArguments arguments = _arguments;
        driver.Launch(kernel, new LaunchGrid(blocks, rows, CudaPlan.Threads), (nint)(&arguments), session.Stream);
    }
}
