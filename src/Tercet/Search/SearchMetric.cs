namespace Tercet.Search;

/// <summary>How near a gallery row is to a query. The metric fixes the unit of every distance; smaller is nearer.</summary>
public enum SearchMetric
{
    /// <summary><c>‖x − y‖²</c>: FaceNet's unit.</summary>
    SquaredEuclidean,

    /// <summary><c>‖x − y‖</c>.</summary>
    Euclidean,

    /// <summary><c>1 − x·y / (‖x‖‖y‖)</c>, in [0, 2]. A row of zeros is at distance 1 from every row.</summary>
    Cosine,

    /// <summary><c>−x·y</c>: the largest inner product is the nearest. Not a distance in the strict sense; it may be negative.</summary>
    InnerProduct,
}
