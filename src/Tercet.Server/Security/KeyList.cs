namespace Tercet.Server.Security;

/// <summary>The content of a file of keys.</summary>
internal sealed record KeyList(IReadOnlyList<KeyEntry> Keys);
