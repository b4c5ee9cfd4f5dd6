using System.Text.Json.Serialization;

namespace Tercet.Convergence;

/// <summary>The serializers of the experiment's files.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CellResult))]
[JsonSerializable(typeof(Pace[]))]
internal sealed partial class CellJson : JsonSerializerContext;
