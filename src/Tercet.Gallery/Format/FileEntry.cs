namespace Tercet.Galleries.Format;

/// <summary>What a manifest says of a file: enough to know it again.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Hash">The XXH3-128 of all of it.</param>
internal sealed record FileEntry(long Bytes, string Hash);
