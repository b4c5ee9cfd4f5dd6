using System.Text.Json.Serialization;

namespace Tercet.Convergence;

/// <summary>The serializer of a cell's file.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CellResult))]
internal sealed partial class CellJson : JsonSerializerContext;
