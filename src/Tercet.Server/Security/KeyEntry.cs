namespace Tercet.Server.Security;

/// <summary>One key as the file has it.</summary>
/// <param name="Name">Who has it.</param>
/// <param name="Sha256">The SHA-256 of the key, in hexadecimal. Keys are 256 random bits, so that a slow hash would add nothing.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Revoked">Since when it is refused; null where it is not.</param>
internal sealed record KeyEntry(string Name, string Sha256, DateTimeOffset Created, DateTimeOffset? Revoked);
