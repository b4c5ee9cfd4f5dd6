namespace Tercet.Mining;

/// <summary>Between a backend's keys (squared Euclidean or cosine distance, float64) and the values of a metric.</summary>
internal static class MetricKey
{
    /// <summary>The metric's value of a key.</summary>
    public static double ToValue(DistanceMetric metric, double key) =>
        metric == DistanceMetric.Euclidean ? Math.Sqrt(key) : Math.Max(key, 0);

    /// <summary>The key of a value of the metric.</summary>
    public static double FromValue(DistanceMetric metric, double value) =>
        metric == DistanceMetric.Euclidean ? value * value : value;
}
