namespace Tercet.Galleries.Format;

/// <summary>The rows of a segment that were removed since it was written.</summary>
/// <param name="File">The file's name: one bit a row.</param>
/// <param name="Rows">How many bits are set.</param>
/// <param name="Hash">The XXH3-128 of all of it.</param>
internal sealed record DeletionEntry(string File, int Rows, string Hash);
