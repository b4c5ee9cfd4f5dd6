using System.Text.Json.Serialization;

namespace Tercet.Cli.Output;

/// <summary>The serializers of every JSON answer, written by the compiler: no reflection at run time.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(EmbedJson))]
[JsonSerializable(typeof(MineJson))]
[JsonSerializable(typeof(LossJson))]
[JsonSerializable(typeof(DemoJson))]
[JsonSerializable(typeof(EvaluationJson))]
[JsonSerializable(typeof(InfoJson))]
[JsonSerializable(typeof(DevicesJson))]
[JsonSerializable(typeof(GalleryJson))]
[JsonSerializable(typeof(IndexImagesJson))]
[JsonSerializable(typeof(VerifyJson))]
[JsonSerializable(typeof(SearchJson))]
[JsonSerializable(typeof(VerifyPairJson))]
internal sealed partial class JsonTypes : JsonSerializerContext;
