using CommunityToolkit.HighPerformance;
using Tercet.Backends;

namespace Tercet.Mining;

/// <summary>
/// Mines triplets from embeddings under FaceNet's rules and their relatives. The selected indices are those of a float64 oracle, ties to the
/// lowest row; the N × N matrix never exists. Safe to use from many threads; a call allocates nothing on the managed heap once its
/// working memory has grown to the size of the batch.
/// </summary>
public sealed class TripletMiner : IDisposable
{
    /// <summary>Creates a miner.</summary>
    /// <param name="backend">Where the distances are computed; <see langword="null"/> means the CPU. The miner does not dispose a backend it was given.</param>
    public TripletMiner(IMiningBackend? backend = null) => throw new NotImplementedException();

    /// <summary>The largest number of triplets that <see cref="Mine(MiningInput, MiningOptions, Span{Triplet}, out MiningStatistics, CancellationToken)"/> can return: one per anchor, or one per anchor-positive pair.</summary>
    /// <param name="input">The rows; only their labels are looked at.</param>
    /// <param name="options">The rule and its options.</param>
    /// <returns>A number of triplets.</returns>
    public long Capacity(MiningInput input, MiningOptions options) => throw new NotImplementedException();

    /// <summary>Selects one triplet per anchor or per anchor-positive pair, as <see cref="MiningOptions.Rule"/> says.</summary>
    /// <param name="input">The rows and labels.</param>
    /// <param name="options">The rule, metric, margin and the rest.</param>
    /// <param name="triplets">Receives the triplets in ascending order of anchor, then positive; at least <see cref="Capacity"/> long.</param>
    /// <param name="statistics">What was found beside them.</param>
    /// <param name="cancellationToken">Stops the call between tiles.</param>
    /// <returns>The number of triplets written.</returns>
    /// <exception cref="ArgumentException">A row holds NaN or infinity, a label count differs from the rows, there are no rows or no columns, the
    /// margin is negative or not finite, or <paramref name="triplets"/> is too short. The message names the parameter, the row and the value.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public int Mine(MiningInput input, MiningOptions options, Span<Triplet> triplets, out MiningStatistics statistics, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>The square form of <see cref="Mine(MiningInput, MiningOptions, Span{Triplet}, out MiningStatistics, CancellationToken)"/>.</summary>
    public int Mine(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, MiningOptions options, Span<Triplet> triplets, out MiningStatistics statistics, CancellationToken cancellationToken = default) =>
        Mine(MiningInput.Batch(embeddings, labels), options, triplets, out statistics, cancellationToken);

    /// <summary>Streams every valid triplet of one kind (pytorch-metric-learning's TripletMarginMiner, in the metric's own unit).</summary>
    /// <returns>What was found; <see cref="MiningStatistics.Selected"/> is the number streamed.</returns>
    public MiningStatistics Stream(MiningInput input, TripletKind kind, MiningOptions options, ITripletConsumer consumer, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>
    /// The multi-similarity rule (Wang et al. 2019): negatives with d(a,n) &lt; max d(a,p) + ε and positives with d(a,p) &gt; min d(a,n) − ε; under
    /// <see cref="DistanceMetric.Cosine"/> this is the paper's rule on s = 1 − d.
    /// </summary>
    /// <returns>What was found; <see cref="MiningStatistics.Selected"/> is the number of pairs.</returns>
    public MiningStatistics StreamPairs(MiningInput input, double epsilon, MiningOptions options, Action<MinedPair> consumer, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>
    /// The triplet loss Σ max(0, d(a,p) − d(a,n) + α) over all valid triplets of a batch, exact, without listing them, and its gradient.
    /// </summary>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="labels">Its labels, <c>[N]</c>.</param>
    /// <param name="options">Metric, margin, negative-only label and threads; the rule is not looked at.</param>
    /// <param name="reduction">Sum, mean, or mean over the terms above zero.</param>
    /// <param name="gradient">Receives ∂loss/∂embeddings, <c>[N, D]</c>; empty when not wanted.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public LossResult BatchAllLoss(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, MiningOptions options, LossReduction reduction, Span2D<float> gradient, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Frees the working memory.</summary>
    public void Dispose() => throw new NotImplementedException();
}
