using System.Text.Json.Serialization;

namespace Tercet.Galleries.Mining;

/// <summary>The serializer of progress files, written by the compiler: no reflection at run time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true, MaxDepth = 8)]
[JsonSerializable(typeof(MiningProgress))]
internal sealed partial class MiningProgressJson : JsonSerializerContext;
