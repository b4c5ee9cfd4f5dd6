using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tercet.Server.Json;

/// <summary>Names of the engine's choices as the command line writes them: semi-hard. Numbers are refused.</summary>
internal sealed class KebabCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
