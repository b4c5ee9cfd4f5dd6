using System.CommandLine;
using Tercet.Mining;

namespace Tercet.Cli.Options;

/// <summary>The option <c>--metric</c> and the metrics' names.</summary>
internal static class MetricOption
{
    private static readonly (string Name, DistanceMetric Metric)[] Names =
    [
        ("sqeuclidean", DistanceMetric.SquaredEuclidean),
        ("euclidean", DistanceMetric.Euclidean),
        ("cosine", DistanceMetric.Cosine),
    ];

    public static Option<DistanceMetric?> Create() => OptionOf.Choice(
        "--metric", "sqeuclidean, euclidean or cosine (1 - cos); the unit of every distance and of the margin. Default sqeuclidean.", "METRIC", Names);

    public static string NameOf(DistanceMetric metric) => Names.First(entry => entry.Metric == metric).Name;

    /// <summary>The unit in words, for an axis.</summary>
    public static string Describe(DistanceMetric metric) => metric switch
    {
        DistanceMetric.SquaredEuclidean => "squared Euclidean distance",
        DistanceMetric.Euclidean => "Euclidean distance",
        _ => "cosine distance (1 − cos)",
    };
}
