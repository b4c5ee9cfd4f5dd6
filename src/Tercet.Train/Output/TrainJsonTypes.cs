using System.Text.Json.Serialization;
using Tercet.Train.Checkpoints;

namespace Tercet.Train.Output;

/// <summary>The serializers of checkpoints' headers and of the answer.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(CheckpointHeader))]
[JsonSerializable(typeof(TrainJson))]
internal sealed partial class TrainJsonTypes : JsonSerializerContext;
