using CommunityToolkit.HighPerformance;
using Tercet.Backends;
using Tercet.Backends.Cpu;

namespace Tercet.Mining;

/// <summary>
/// Mines triplets from embeddings under FaceNet's rules and their relatives. The selected indices are those of a float64 oracle, ties to the
/// lowest row; the N × N matrix never exists. Safe to use from many threads; a call allocates nothing on the managed heap once its
/// working memory has grown to the size of the batch.
/// </summary>
public sealed class TripletMiner : IDisposable
{
    private readonly IMiningBackend _backend;
    private readonly bool _ownsBackend;
    private readonly Stack<MiningWorkspace> _idle = new();
    private readonly Lock _lock = new();
    private bool _disposed;

    /// <summary>Creates a miner.</summary>
    /// <param name="backend">Where the distances are computed; <see langword="null"/> means the CPU. The miner does not dispose a backend it was given.</param>
    public TripletMiner(IMiningBackend? backend = null)
    {
        _ownsBackend = backend is null;
        _backend = backend ?? new CpuBackend();
    }

    /// <summary>Where the distances are computed.</summary>
    public IMiningBackend Backend => _backend;

    /// <summary>The largest number of triplets that <see cref="Mine(MiningInput, MiningOptions, Span{Triplet}, out MiningStatistics, CancellationToken)"/> can return: one per anchor, or one per anchor-positive pair.</summary>
    /// <param name="input">The rows; only their labels are looked at.</param>
    /// <param name="options">The rule and its options.</param>
    /// <returns>A number of triplets.</returns>
    /// <exception cref="ArgumentException">The labels or options are invalid.</exception>
    public long Capacity(MiningInput input, MiningOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        InputCheck.Validate(options);
        InputCheck.Validate(input);
        MiningWorkspace workspace = Rent();
        try
        {
            workspace.Rows.Build(input, options.NegativeOnlyLabel, ascendingAnchors: false);
            return Capacity(workspace.Rows.Layout, options);
        }
        finally
        {
            Return(workspace);
        }
    }

    /// <summary>Selects one triplet per anchor or per anchor-positive pair, as <see cref="MiningOptions.Rule"/> says.</summary>
    /// <param name="input">The rows and labels.</param>
    /// <param name="options">The rule, metric, margin and the rest.</param>
    /// <param name="triplets">Receives the triplets in ascending order of anchor, then positive; at least <see cref="Capacity(MiningInput, MiningOptions)"/> long.</param>
    /// <param name="statistics">What was found beside them.</param>
    /// <param name="cancellationToken">Stops the call between tiles.</param>
    /// <returns>The number of triplets written.</returns>
    /// <exception cref="ArgumentException">A row holds NaN or infinity, a label count differs from the rows, there are no rows or no columns, the
    /// margin is negative or not finite, or <paramref name="triplets"/> is too short. The message names the parameter, the row and the value.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public int Mine(MiningInput input, MiningOptions options, Span<Triplet> triplets, out MiningStatistics statistics, CancellationToken cancellationToken = default)
    {
        MiningWorkspace workspace = Rent();
        try
        {
            input = workspace.Prepare(input, options, _backend);
            workspace.Rows.Build(input, options.NegativeOnlyLabel, ascendingAnchors: false);
            long capacity = Capacity(workspace.Rows.Layout, options);
            if (triplets.Length < capacity)
                throw new ArgumentException($"'triplets' has room for {triplets.Length}; this call may return {capacity}.", nameof(triplets));

            int count = options.Statistics == StatisticsLevel.Selected && RuleShape.NeedsOnlyExtremes(options.Rule)
                ? MineExtremes(workspace, input, options, triplets, out statistics, cancellationToken)
                : MinePairs(workspace, input, options, triplets, out statistics, cancellationToken);
            return count;
        }
        finally
        {
            Return(workspace);
        }
    }

    /// <summary>The square form of <see cref="Mine(MiningInput, MiningOptions, Span{Triplet}, out MiningStatistics, CancellationToken)"/>.</summary>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Its labels, <c>[N]</c>.</param>
    /// <param name="options">The rule, metric, margin and the rest.</param>
    /// <param name="triplets">Receives the triplets.</param>
    /// <param name="statistics">What was found beside them.</param>
    /// <param name="cancellationToken">Stops the call between tiles.</param>
    /// <returns>The number of triplets written.</returns>
    public int Mine(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, MiningOptions options, Span<Triplet> triplets, out MiningStatistics statistics, CancellationToken cancellationToken = default) =>
        Mine(MiningInput.Batch(embeddings, labels), options, triplets, out statistics, cancellationToken);

    /// <summary>Streams every valid triplet of one kind (pytorch-metric-learning's TripletMarginMiner, in the metric's own unit).</summary>
    /// <param name="input">The rows and labels.</param>
    /// <param name="kind">Which triplets.</param>
    /// <param name="options">Metric, margin and the rest; the rule is not looked at.</param>
    /// <param name="consumer">Takes the triplets in ascending order of anchor, positive and negative row.</param>
    /// <param name="cancellationToken">Stops the call between tiles.</param>
    /// <returns>What was found; <see cref="MiningStatistics.Selected"/> is the number streamed.</returns>
    /// <exception cref="ArgumentException">As for mining.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public MiningStatistics Stream(MiningInput input, TripletKind kind, MiningOptions options, ITripletConsumer consumer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        if (!EnumValues<TripletKind>.Contain(kind))
            throw new ArgumentException($"'kind' is {kind}, which does not exist.", nameof(kind));
        MiningWorkspace workspace = Rent();
        try
        {
            input = workspace.Prepare(input, options, _backend);
            workspace.Rows.Build(input, options.NegativeOnlyLabel, ascendingAnchors: true);
            workspace.Stream.Prepare(workspace.Rows.Layout, options, kind, consumer);
            return RunScan(workspace, input, options, workspace.Stream, cancellationToken);
        }
        finally
        {
            Return(workspace);
        }
    }

    /// <summary>
    /// The multi-similarity rule (Wang et al. 2019): negatives with d(a,n) &lt; max d(a,p) + ε and positives with d(a,p) &gt; min d(a,n) − ε; under
    /// <see cref="DistanceMetric.Cosine"/> this is the paper's rule on s = 1 − d.
    /// </summary>
    /// <param name="input">The rows and labels.</param>
    /// <param name="epsilon">ε in the metric's unit, finite and not negative.</param>
    /// <param name="options">Metric, margin and the rest; the rule is not looked at.</param>
    /// <param name="consumer">Takes the pairs in ascending order of anchor; each anchor's positives, then its negatives, in ascending order of row.</param>
    /// <param name="cancellationToken">Stops the call between tiles.</param>
    /// <returns>What was found; <see cref="MiningStatistics.Selected"/> is the number of pairs, and the two mean distances are over its positive and its negative pairs.</returns>
    /// <exception cref="ArgumentException">As for mining, or ε is negative or not finite.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public MiningStatistics StreamPairs(MiningInput input, double epsilon, MiningOptions options, Action<MinedPair> consumer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(consumer);
        if (!(epsilon >= 0) || !double.IsFinite(epsilon))
            throw new ArgumentException($"'epsilon' is {epsilon}; it must be finite and not negative.", nameof(epsilon));
        MiningWorkspace workspace = Rent();
        try
        {
            input = workspace.Prepare(input, options, _backend);
            workspace.Rows.Build(input, options.NegativeOnlyLabel, ascendingAnchors: true);
            workspace.PairStream.Prepare(workspace.Rows.Layout, options, epsilon, consumer);
            return RunScan(workspace, input, options, workspace.PairStream, cancellationToken);
        }
        finally
        {
            Return(workspace);
        }
    }

    /// <summary>
    /// The triplet loss Σ max(0, d(a,p) − d(a,n) + α) over all valid triplets of a batch, without listing them, and its gradient. Which terms are above
    /// zero is decided exactly; the negatives' distances in them carry float32 rounding, about 10⁻⁷ of the norms a term. The gradient is summed in float32
    /// over rows less their mean, about 10⁻⁶ of its largest component off; neither depends on the number of threads.
    /// </summary>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Its labels, <c>[N]</c>.</param>
    /// <param name="options">Metric, margin, negative-only label and threads; the rule is not looked at, and <see cref="MiningOptions.Normalize"/> is refused.</param>
    /// <param name="reduction">Sum, mean, or mean over the terms above zero.</param>
    /// <param name="gradient">Receives ∂loss/∂embeddings, <c>[N, D]</c>; empty when not wanted.</param>
    /// <param name="cancellationToken">Stops the call between tiles.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentException">As for mining, or the gradient has another shape.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public LossResult BatchAllLoss(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, MiningOptions options, LossReduction reduction, Span2D<float> gradient, CancellationToken cancellationToken = default) =>
        BatchAllLoss(MiningInput.Batch(embeddings, labels), options, reduction, gradient, cancellationToken);

    /// <summary>The same of a batch in any form that <see cref="MiningInput.Batch(ReadOnlySpan2D{float}, ReadOnlySpan{long}, Memory.DeviceMatrix)"/> and its siblings give it.</summary>
    /// <param name="batch">The square form, N rows of D columns.</param>
    /// <param name="options">Metric, margin, negative-only label and threads; the rule is not looked at, and <see cref="MiningOptions.Normalize"/> is refused.</param>
    /// <param name="reduction">Sum, mean, or mean over the terms above zero.</param>
    /// <param name="gradient">Receives ∂loss/∂embeddings, <c>[N, D]</c>; empty when not wanted.</param>
    /// <param name="cancellationToken">Stops the call between tiles.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentException">As for mining, the form is not square, or the gradient has another shape.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public LossResult BatchAllLoss(MiningInput batch, MiningOptions options, LossReduction reduction, Span2D<float> gradient, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Normalize)
            throw new ArgumentException("'Normalize' has no meaning for a loss: the gradient is with respect to the rows as they are. Normalise them first.", nameof(options));
        if (!batch.IsSquare)
            throw new ArgumentException("The loss is of a batch: anchors against a gallery have none.", nameof(batch));
        (int rows, int columns) = batch.GalleryShape;
        if (!gradient.IsEmpty && (gradient.Height, gradient.Width) != (rows, columns))
            throw new ArgumentException($"'gradient' is [{gradient.Height}, {gradient.Width}]; it must be [{rows}, {columns}].", nameof(gradient));
        if (!EnumValues<LossReduction>.Contain(reduction))
            throw new ArgumentException($"'reduction' is {reduction}, which does not exist.", nameof(reduction));
        MiningWorkspace workspace = Rent();
        try
        {
            MiningInput input = workspace.Prepare(batch, options, _backend);
            workspace.Rows.BuildForEveryRow(input, options.NegativeOnlyLabel);
            workspace.BatchAll.Prepare(workspace.Rows.Layout, options, columns, wantsGradient: !gradient.IsEmpty);
            Execute(workspace, input, options, workspace.BatchAll, cancellationToken);

            long terms = workspace.Rows.ValidTriplets;
            long nonZeroTerms = workspace.BatchAll.NonZeroTerms;
            long divisor = reduction == LossReduction.Mean ? terms : reduction == LossReduction.MeanNonZero ? nonZeroTerms : 1;
            double factor = divisor == 0 ? 0 : 1.0 / divisor;
            if (!gradient.IsEmpty)
                workspace.BatchAll.CopyGradient(factor, gradient);
            return new LossResult(factor * workspace.BatchAll.Loss, terms, nonZeroTerms);
        }
        finally
        {
            Return(workspace);
        }
    }

    /// <summary>Frees the working memory, and the backend where the miner made it. No call may be running.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
                return;
            _disposed = true;
            while (_idle.TryPop(out MiningWorkspace? workspace))
                workspace.Dispose();
        }

        if (_ownsBackend)
            _backend.Dispose();
    }

    private static long Capacity(RowLayout layout, MiningOptions options) =>
        RuleShape.SelectsOnePerAnchor(options.Rule) ? layout.AnchorCount : layout.PairCount;

    private int MineExtremes(MiningWorkspace workspace, MiningInput input, MiningOptions options, Span<Triplet> triplets, out MiningStatistics statistics, CancellationToken cancellationToken)
    {
        workspace.Extremes.Prepare(workspace.Rows.Layout, options);
        Execute(workspace, input, options, workspace.Extremes, cancellationToken);
        int count = 0;
        foreach (int anchor in workspace.AnchorOfRow(input.AnchorLabels.Length))
        {
            if (anchor >= 0)
                Append(workspace.Extremes.Selected(anchor), triplets, ref count);
        }

        statistics = WithSelected(workspace.Statistics(options), triplets[..count]);
        return count;
    }

    private int MinePairs(MiningWorkspace workspace, MiningInput input, MiningOptions options, Span<Triplet> triplets, out MiningStatistics statistics, CancellationToken cancellationToken)
    {
        workspace.Pairs.Prepare(workspace.Rows.Layout, options, input.GalleryShape.Columns);
        Execute(workspace, input, options, workspace.Pairs, cancellationToken);
        int count = 0;
        foreach (int anchor in workspace.AnchorOfRow(input.AnchorLabels.Length))
        {
            if (anchor >= 0)
                Append(workspace.Pairs.Selected(anchor), triplets, ref count);
        }

        TripletCounts? counts = workspace.Pairs.Counts(workspace.Rows.ValidTriplets);
        statistics = WithSelected(workspace.Statistics(options), triplets[..count]) with { Counts = counts };
        return count;
    }

    private static void Append(ReadOnlySpan<Triplet> selected, Span<Triplet> triplets, ref int count)
    {
        foreach (ref readonly Triplet triplet in selected)
        {
            if (triplet.Negative >= 0)
                triplets[count++] = triplet;
        }
    }

    private static MiningStatistics WithSelected(MiningStatistics statistics, ReadOnlySpan<Triplet> triplets)
    {
        double positive = 0;
        double negative = 0;
        foreach (Triplet triplet in triplets)
        {
            positive += triplet.PositiveDistance;
            negative += triplet.NegativeDistance;
        }

        return WithSelected(statistics, triplets.Length, triplets.Length, positive, triplets.Length, negative);
    }

    private static MiningStatistics WithSelected(MiningStatistics statistics, long selected, long positives, double positive, long negatives, double negative) => statistics with
    {
        Selected = selected,
        MeanPositiveDistance = positives == 0 ? 0 : positive / positives,
        MeanNegativeDistance = negatives == 0 ? 0 : negative / negatives,
        EmptyReason = selected == 0 && statistics.EmptyReason == EmptyReason.None ? EmptyReason.NoCandidates : statistics.EmptyReason,
    };

    private MiningStatistics RunScan(MiningWorkspace workspace, MiningInput input, MiningOptions options, OrderedScan scan, CancellationToken cancellationToken)
    {
        Execute(workspace, input, options, scan, cancellationToken);
        MiningStatistics statistics = WithSelected(
            workspace.Statistics(options), scan.Emitted, scan.PositivesEmitted, scan.PositiveDistances, scan.NegativesEmitted, scan.NegativeDistances);
        return statistics with { Counts = scan.Counts(workspace.Rows.ValidTriplets) };
    }

    private void Execute(MiningWorkspace workspace, MiningInput input, MiningOptions options, IMiningProgram program, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        var problem = new MiningProblem(input.Anchors, input.Gallery, workspace.Rows.Layout, options.Metric, threads, input.Resident, input.NarrowAnchors, input.NarrowGallery)
        {
            IsSquare = input.IsSquare,
            SquaredNorms = workspace.HasMeasured ? workspace.Moments.SquaredNorms : default,
            Moments = workspace.HasMeasured ? null : workspace.Moments,
            Workspace = workspace.HasMeasured ? null : workspace,
        };
        _backend.Execute(in problem, program, cancellationToken);
    }

    private MiningWorkspace Rent()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _idle.TryPop(out MiningWorkspace? workspace) ? workspace : new MiningWorkspace();
        }
    }

    private void Return(MiningWorkspace workspace)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                _idle.Push(workspace);
                return;
            }
        }

        workspace.Dispose();
    }
}
