using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tercet.Imaging;

/// <summary>The reader of <see cref="PreprocessingDocument"/>, generated when compiled so that it survives trimming.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(PreprocessingDocument))]
internal sealed partial class PreprocessingJson : JsonSerializerContext;
