namespace Tercet.Server.Json;

/// <summary>What went wrong; the form that the v2 protocol prescribes, used everywhere.</summary>
internal sealed record ErrorJson(string Error);
