using Tercet.Memory;

namespace Tercet.Backends.Cpu.Loss;

/// <summary>
/// The triplet loss over all valid triplets and its gradient, in one pass over the upper triangle of keys. With an anchor's thresholds ascending, the
/// positives that a negative violates are a suffix of them, so its number is all that has to be known of a pair: from how many negatives have
/// each number follow the loss and how many violate each positive, and the numbers themselves are the weights of the gradient.
/// </summary>
internal sealed unsafe class TermScan : IBlockPairJob, IDisposable
{
    // Enough for a few workers, and always as many: how rows are grouped decides in which order sums are added up.
    private const int WantedGroups = 7;

    private readonly CpuSession _session;
    private readonly GradientFinish _finish;
    private readonly BlockPairs _pairs;
    private TermWorker[] _workers = [];
    private PinnedBuffer<int> _tallies = new(0);
    private PinnedBuffer<float> _sums = new(0);
    private PinnedBuffer<double> _weightSums = new(0);
    private int _paddedRows;

    public TermScan(CpuSession session)
    {
        _session = session;
        Kernel = TermKernels.For(session.Kernel.Lanes);
        Tables = new ThresholdTables(session, Kernel.CountsWords);
        Rows = new CentredRows(session);
        _finish = new GradientFinish(session, this);
        _pairs = new BlockPairs(session, TermWorker.LargestBlock);
    }

    public ITermKernel Kernel { get; }

    public ThresholdTables Tables { get; }

    public CentredRows Rows { get; }

    public bool WantsGradient { get; private set; }

    /// <summary>By position: the sum of the weights with which other rows enter its gradient.</summary>
    // SAFETY: here and below, native memory of the stated lengths, replaced only by Run.
    public double* WeightSums => (double*)_weightSums.DangerousGetAddress();

    /// <summary>An anchor's tallies; see <see cref="Tallies"/>.</summary>
    public int* TalliesOf(int anchor) => (int*)_tallies.DangerousGetAddress() + Tables.Terms[anchor].FirstTally;

    /// <summary>A row's weighted sum of other rows, one panel of dimensions of it; the next row's follows.</summary>
    public float* Sums(int position, int panel) => (float*)_sums.DangerousGetAddress() + ((((nint)panel * _paddedRows) + position) * Rows.Width);

    /// <summary>Runs over all pairs.</summary>
    /// <param name="margin">The margin, in the metric's unit.</param>
    /// <param name="gradient">Receives the gradient by position, <c>[G, D]</c>; empty when not wanted.</param>
    /// <param name="nonZeroTerms">Number of terms above zero.</param>
    /// <returns>The loss.</returns>
    public double Run(double margin, Span<float> gradient, out long nonZeroTerms)
    {
        Prepare(margin, !gradient.IsEmpty);
        int workers = _session.WorkersFor((double)_session.Layout.AnchorCount * _session.Gallery.Count * _session.Gallery.Depth);
        PrepareWorkers(workers);
        _pairs.Run(this, WantedGroups, workers);

        fixed (float* target = gradient)
            _finish.Run(target, workers);

        // In order of anchors, so that the sum does not depend on the number of threads.
        double loss = 0;
        nonZeroTerms = 0;
        for (int anchor = 0; anchor < _session.Layout.AnchorCount; anchor++)
        {
            loss += Tables.Terms[anchor].Loss;
            nonZeroTerms += _finish.NonZeroTerms(anchor);
        }

        return loss;
    }

    void IBlockPairJob.DoBlock(int worker, BlockPair block) => _workers[worker].DoBlock(block);

    public void Dispose()
    {
        foreach (TermWorker worker in _workers)
            worker.Dispose();
        Tables.Dispose();
        Rows.Dispose();
        _finish.Dispose();
        _tallies.Dispose();
        _sums.Dispose();
        _weightSums.Dispose();
        _pairs.Dispose();
    }

    private void Prepare(double margin, bool wantsGradient)
    {
        WantsGradient = wantsGradient;
        _paddedRows = _session.Gallery.PanelCount * _session.Kernel.Columns;
        Tables.Build(margin);
        PinnedBuffer.Grow(ref _tallies, Tables.TallyCount);
        _tallies.Span[..(int)Tables.TallyCount].Clear();
        if (!wantsGradient)
            return;
        Rows.Pack(_paddedRows, 2 * Kernel.Width);
        PinnedBuffer.Grow(ref _sums, (long)_paddedRows * Rows.Depth);
        _sums.Span[..(_paddedRows * Rows.Depth)].Clear();
        PinnedBuffer.Grow(ref _weightSums, _paddedRows);
        _weightSums.Span[.._paddedRows].Clear();
    }

    private void PrepareWorkers(int count)
    {
        if (_workers.Length >= count)
            return;
        int previous = _workers.Length;
        Array.Resize(ref _workers, count);
        for (int i = previous; i < count; i++)
            _workers[i] = new TermWorker(_session, this);
    }
}
