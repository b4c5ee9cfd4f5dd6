using Microsoft.Extensions.VectorData;
using Microsoft.Extensions.VectorData.ProviderServices;
using Tercet.Search;

namespace Tercet.VectorData.Records;

/// <summary>What a distance function makes of a gallery's distances, in which the smaller is always the nearer.</summary>
/// <param name="Metric">The gallery's metric; null where any will do.</param>
/// <param name="Factor">What a distance is multiplied by.</param>
/// <param name="Offset">What is added then.</param>
internal readonly record struct Score(SearchMetric? Metric, double Factor, double Offset)
{
    /// <summary>The metric of galleries whose record names no distance function.</summary>
    public const SearchMetric DefaultMetric = SearchMetric.Cosine;

    /// <exception cref="NotSupportedException">A gallery has no such metric.</exception>
    public static Score Of(VectorPropertyModel vector) => vector.DistanceFunction switch
    {
        null => new(null, 1, 0),
        DistanceFunction.CosineSimilarity => new(SearchMetric.Cosine, -1, 1),
        DistanceFunction.CosineDistance => new(SearchMetric.Cosine, 1, 0),
        DistanceFunction.DotProductSimilarity => new(SearchMetric.InnerProduct, -1, 0),
        DistanceFunction.NegativeDotProductSimilarity => new(SearchMetric.InnerProduct, 1, 0),
        DistanceFunction.EuclideanDistance => new(SearchMetric.Euclidean, 1, 0),
        DistanceFunction.EuclideanSquaredDistance => new(SearchMetric.SquaredEuclidean, 1, 0),
        _ => throw new NotSupportedException($"The vector '{vector.ModelName}' asks for the distance function '{vector.DistanceFunction}', which a gallery has not."),
    };

    /// <summary>The score of a distance.</summary>
    public double At(float distance) => (Factor * distance) + Offset;

    /// <summary>Whether a score is at least as good as a threshold.</summary>
    public bool Reaches(double score, double threshold) => Factor < 0 ? score >= threshold : score <= threshold;
}
