using System.Text.Json.Serialization;
using Tercet.Mining;
using Tercet.Server.Security;

namespace Tercet.Server.Json;

/// <summary>The readers and writers of the server's JSON, generated when compiled.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    Converters = [typeof(KebabCase<MiningRule>), typeof(KebabCase<DistanceMetric>), typeof(KebabCase<SemiHardFallback>), typeof(KebabCase<EasyPositiveVariant>)])]
[JsonSerializable(typeof(ErrorJson))]
[JsonSerializable(typeof(HealthJson))]
[JsonSerializable(typeof(EmbedRequestJson))]
[JsonSerializable(typeof(EmbedJson))]
[JsonSerializable(typeof(SearchRequestJson))]
[JsonSerializable(typeof(SearchAnswerJson))]
[JsonSerializable(typeof(VerifyRequestJson))]
[JsonSerializable(typeof(VerifyAnswerJson))]
[JsonSerializable(typeof(MineRequestJson))]
[JsonSerializable(typeof(MineAnswerJson))]
[JsonSerializable(typeof(KeyList))]
internal sealed partial class ServerJson : JsonSerializerContext;
