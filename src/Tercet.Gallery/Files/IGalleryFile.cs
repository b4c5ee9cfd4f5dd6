namespace Tercet.Galleries.Files;

/// <summary>An open file.</summary>
internal interface IGalleryFile : IDisposable
{
    /// <summary>Bytes in the file.</summary>
    long Length { get; }

    /// <summary>Writes at the end.</summary>
    /// <exception cref="IOException">Not all was written.</exception>
    void Append(ReadOnlySpan<byte> bytes);

    /// <summary>Returns when what was written survives a loss of power.</summary>
    /// <exception cref="IOException">It may not.</exception>
    void Sync();

    /// <summary>Reads.</summary>
    /// <returns>How many bytes there were, 0 at the end.</returns>
    /// <exception cref="IOException">They cannot be read.</exception>
    int Read(Span<byte> bytes, long offset);
}
