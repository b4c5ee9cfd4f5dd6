namespace Tercet.Backends;

/// <summary>
/// The kernels over one loaded problem. Anchors and gallery rows are named by their positions in the problem's <see cref="RowLayout"/>.
/// A <em>key</em> is the squared Euclidean distance (<c>‖x − y‖²</c>, also where the metric is its root) or the cosine distance
/// (<c>1 − cos</c>): it orders rows as the metric does.
/// </summary>
public interface IMiningKernels
{
    /// <summary>How many threads call a consumer; worker numbers are below it.</summary>
    int Workers { get; }

    /// <summary>The key of one pair, accumulated in float64: the value that decides.</summary>
    /// <param name="anchor">Anchor position.</param>
    /// <param name="row">Gallery position.</param>
    double ExactKey(int anchor, int row);

    /// <summary>
    /// A bound on the error of the float32 keys of one anchor: <c>|key − exact key| ≤ KeyTolerance(anchor)</c> for every row. Float32 keys filter;
    /// two that are closer than twice the bound are decided by <see cref="ExactKey"/>.
    /// </summary>
    /// <param name="anchor">Anchor position.</param>
    float KeyTolerance(int anchor);

    /// <summary>Finds the extreme positives and negatives of every anchor, exactly, ties to the lowest original row.</summary>
    /// <param name="wanted">Which extremes to find; the others are left at −1.</param>
    /// <param name="extremes">Receives one element per anchor position.</param>
    void FindExtremes(ExtremeKinds wanted, Span<AnchorExtremes> extremes);

    /// <summary>
    /// Finds for every anchor-positive pair the nearest negative strictly farther than the positive, exactly, ties to the lowest original row, and on
    /// the way each anchor's nearest negative and exact counts over all its triplets.
    /// </summary>
    /// <param name="request">What is wanted beside the pairs.</param>
    /// <param name="consumer">Takes one anchor's result after another.</param>
    void FindSemiHard(SemiHardRequest request, ISemiHardConsumer consumer);

    /// <summary>Computes the float32 keys of every anchor against every gallery row and hands them on, one anchor at a time, never as a matrix.</summary>
    /// <param name="consumer">Takes the rows of keys.</param>
    void ScanRows(IKeyRowConsumer consumer);

    /// <summary>
    /// <c>Σ max(0, d(a,p) − d(a,n) + margin)</c> over all valid triplets, and its gradient. Which terms are above zero is exact; the negatives' distances in
    /// them are float32, and so are the sums of the gradient, over rows less their mean. Every gallery row must be an anchor position, in the
    /// same order (<see cref="RowLayout.IsSymmetric"/>); those with an empty interval are negatives only.
    /// </summary>
    /// <param name="margin">The margin, in the metric's unit.</param>
    /// <param name="gradient">Receives the derivative with respect to every row, by gallery position, <c>[G, D]</c>; empty when not wanted.</param>
    /// <param name="nonZeroTerms">Number of terms above zero.</param>
    /// <returns>The sum, in float64.</returns>
    double SumTerms(double margin, Span<float> gradient, out long nonZeroTerms);
}
