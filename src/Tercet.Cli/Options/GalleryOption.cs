using System.CommandLine;
using Tercet.Search;

namespace Tercet.Cli.Options;

/// <summary>The options that name a gallery and what its rows have in common.</summary>
internal static class GalleryOption
{
    private static readonly (string Name, SearchMetric Metric)[] Metrics =
    [
        ("sqeuclidean", SearchMetric.SquaredEuclidean),
        ("euclidean", SearchMetric.Euclidean),
        ("cosine", SearchMetric.Cosine),
        ("inner-product", SearchMetric.InnerProduct),
    ];

    public static Option<string> Create() => OptionOf.Path("--gallery", "The gallery: a folder.", required: true, helpName: "FOLDER");

    public static Option<SearchMetric?> Metric() => OptionOf.Choice(
        "--metric", "sqeuclidean, euclidean, cosine (1 - cos) or inner-product; fixed when the gallery is made. Default sqeuclidean.", "METRIC", Metrics);

    public static string NameOf(SearchMetric metric) => Metrics.First(entry => entry.Metric == metric).Name;
}
