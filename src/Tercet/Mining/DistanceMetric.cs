namespace Tercet.Mining;

/// <summary>How far apart two embeddings are. The metric fixes the unit of every distance and of the margin.</summary>
public enum DistanceMetric
{
    /// <summary><c>‖x − y‖²</c>: FaceNet's unit.</summary>
    SquaredEuclidean,

    /// <summary><c>‖x − y‖</c>.</summary>
    Euclidean,

    /// <summary><c>1 − x·y / (‖x‖‖y‖)</c>, in [0, 2]. A row of zeros is at distance 1 from every row.</summary>
    Cosine,
}
