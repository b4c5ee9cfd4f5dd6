namespace Tercet.Galleries;

/// <summary>A file of a gallery does not hold what was written to it. Nothing was answered from it.</summary>
public sealed class CorruptGalleryException : GalleryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="path">The file.</param>
    /// <param name="block">Number of the damaged block of <see cref="BlockBytes"/> bytes; −1 where the file as a whole is meant.</param>
    /// <param name="problem">What is wrong with it.</param>
    /// <param name="innerException">The failure underneath, if any.</param>
    public CorruptGalleryException(string path, long block, string problem, Exception? innerException = null)
        : base(path, $"{(block < 0 ? "" : $"block {block} (bytes {block * BlockBytes} to {((block + 1) * BlockBytes) - 1}): ")}{problem}; 'tercet index verify --repair' says what can be saved", innerException) => Block = block;

    /// <summary>Bytes of a block, each with a checksum of its own.</summary>
    public const int BlockBytes = 1 << 16;

    /// <summary>Number of the damaged block, from 0; −1 where the file as a whole is meant.</summary>
    public long Block { get; }
}
