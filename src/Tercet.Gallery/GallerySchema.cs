using Tercet.Backends.Cpu.Search;
using Tercet.Forward;
using Tercet.Galleries.Format;
using Tercet.Imaging;
using Tercet.Search;

namespace Tercet.Galleries;

/// <summary>What all rows of a gallery have in common. Fixed when the gallery is created; rows of another kind are refused.</summary>
public sealed record GallerySchema
{
    /// <summary>Floats a row, D: 1 to 65,536.</summary>
    public required int Dimension { get; init; }

    /// <summary>The metric, and with it the unit of every distance. Default <see cref="SearchMetric.SquaredEuclidean"/>.</summary>
    public SearchMetric Metric { get; init; } = SearchMetric.SquaredEuclidean;

    /// <summary>How components are stored. Default <see cref="GalleryElement.Float32"/>.</summary>
    public GalleryElement Element { get; init; } = GalleryElement.Float32;

    /// <summary>Whether every row is scaled to unit length when it is added (one of zeros stays as it is). Queries are taken as they are. Default off.</summary>
    public bool Normalized { get; init; }

    /// <summary>The SHA-256 of the model that made the rows, 64 lower-case hexadecimal digits; empty where no model is named.</summary>
    public string ModelSha256 { get; init; } = "";

    /// <summary>How images were prepared for the model, in one line; empty where that is not known.</summary>
    public string Preprocessing { get; init; } = "";

    /// <summary>The schema of a gallery that a model fills.</summary>
    /// <param name="model">The model.</param>
    /// <param name="metric">The metric.</param>
    /// <param name="normalized">Whether rows are scaled to unit length.</param>
    /// <param name="element">How components are stored.</param>
    public static GallerySchema For(ModelInfo model, SearchMetric metric, bool normalized, GalleryElement element = GalleryElement.Float32)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new GallerySchema
        {
            Dimension = model.Dimension,
            Metric = metric,
            Element = element,
            Normalized = normalized,
            ModelSha256 = model.Sha256,
            Preprocessing = Describe(model.Preprocessing),
        };
    }

    /// <summary>What is wrong with the schema, or null.</summary>
    internal string? FindFault() => this switch
    {
        { Dimension: < 1 or > CpuSearch.LargestDepth } => $"the dimension {Dimension} is not between 1 and {CpuSearch.LargestDepth}",
        _ when !Enum.IsDefined(Metric) => $"the metric {Metric} does not exist",
        _ when !Enum.IsDefined(Element) => $"the element {Element} does not exist",
        { ModelSha256: null } or { Preprocessing: null } => "the model or the preprocessing is null",
        { ModelSha256.Length: not (0 or 64) } => "the model's SHA-256 has not 64 digits",
        _ when !Hashes.IsHex(ModelSha256) => "the model's SHA-256 is not lower-case hexadecimal",
        { Preprocessing.Length: > LongestPreprocessing } => $"the preprocessing has more than {LongestPreprocessing} characters",
        _ => null,
    };

    /// <summary>In what two schemas differ, in words; null where they do not.</summary>
    internal string? FindDifference(GallerySchema other) => this switch
    {
        _ when Dimension != other.Dimension => $"rows of {Dimension} floats, not {other.Dimension}",
        _ when ModelSha256 != other.ModelSha256 => $"rows of the model {Name(ModelSha256)}, not {Name(other.ModelSha256)}",
        _ when Preprocessing != other.Preprocessing => $"rows of images prepared as '{Preprocessing}', not '{other.Preprocessing}'",
        _ when Metric != other.Metric => $"the metric {Metric}, not {other.Metric}",
        _ when Normalized != other.Normalized => Normalized ? "rows of unit length" : "rows that are not scaled",
        _ when Element != other.Element => $"components of {Element}, not {other.Element}",
        _ => null,
    };

    private const int LongestPreprocessing = 4096;

    private static string Name(string sha256) => sha256.Length == 0 ? "(none)" : sha256;

    private static string Describe(Preprocessing? preprocessing)
    {
        if (preprocessing is null)
            return "";
        AffineMap map = preprocessing.Alignment.MapFor(1, 1, preprocessing.Width, preprocessing.Height);
        string alignment = preprocessing.Alignment.Name == "map"
            ? FormattableString.Invariant($"map {map.A:R} {map.B:R} {map.C:R} {map.D:R} {map.E:R} {map.F:R}")
            : preprocessing.Alignment.Name;
        return FormattableString.Invariant(
            $"{preprocessing.Width}x{preprocessing.Height} {preprocessing.Layout} {preprocessing.ChannelOrder} mean {Join(preprocessing.Mean)} scale {Join(preprocessing.Scale)} {alignment}");
    }

    private static string Join(IEnumerable<float> values) => string.Join(',', values.Select(value => FormattableString.Invariant($"{value:R}")));
}
