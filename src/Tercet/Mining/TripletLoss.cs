using CommunityToolkit.HighPerformance;

namespace Tercet.Mining;

/// <summary>The triplet loss of FaceNet over a list of selected triplets, and its gradient.</summary>
public static class TripletLoss
{
    /// <summary><c>Σ max(0, d(a,p) − d(a,n) + α)</c> over <paramref name="triplets"/>, reduced, and its gradient with respect to the embeddings.</summary>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="triplets">Indices into the batch; the distances they carry are not used.</param>
    /// <param name="metric">The metric; the margin is in its unit.</param>
    /// <param name="margin">The margin α, finite and not negative.</param>
    /// <param name="reduction">Sum, mean, or mean over the terms above zero.</param>
    /// <param name="gradient">Receives ∂loss/∂embeddings, <c>[N, D]</c>; empty when not wanted. Where a distance is 0 and the metric has no derivative there, 0 is taken.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentException">A triplet names a row that does not exist, the gradient has another shape, or the margin is negative or not finite.</exception>
    public static LossResult Evaluate(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<Triplet> triplets, DistanceMetric metric, double margin, LossReduction reduction, Span2D<float> gradient) => throw new NotImplementedException();
}
