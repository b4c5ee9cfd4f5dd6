using Tercet.Mining;

namespace Tercet.TorchSharp;

/// <summary>How a miner or a loss measures: the metric, which is the margin's unit, and whether rows are first scaled to unit length.</summary>
/// <param name="Metric">The metric.</param>
/// <param name="NormalizeEmbeddings">Whether rows are scaled to unit L2 norm first.</param>
public sealed record EmbeddingDistance(DistanceMetric Metric, bool NormalizeEmbeddings)
{
    /// <summary>pytorch-metric-learning's default, <c>LpDistance(normalize_embeddings=True, p=2, power=1)</c>: ‖x − y‖ of normalised rows.</summary>
    public static EmbeddingDistance Lp { get; } = new(DistanceMetric.Euclidean, NormalizeEmbeddings: true);

    /// <summary>FaceNet's, <c>LpDistance(power=2)</c>: ‖x − y‖² of normalised rows.</summary>
    public static EmbeddingDistance SquaredLp { get; } = new(DistanceMetric.SquaredEuclidean, NormalizeEmbeddings: true);

    /// <summary>1 − cos(x, y). A gap of cosine similarities is the same gap of these distances.</summary>
    public static EmbeddingDistance Cosine { get; } = new(DistanceMetric.Cosine, NormalizeEmbeddings: false);
}
