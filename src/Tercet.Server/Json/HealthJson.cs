namespace Tercet.Server.Json;

/// <summary>How the server is.</summary>
internal sealed record HealthJson(string Status, IReadOnlyDictionary<string, string> Checks);
