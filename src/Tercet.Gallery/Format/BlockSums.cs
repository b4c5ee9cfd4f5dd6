using System.Runtime.InteropServices;

namespace Tercet.Galleries.Format;

/// <summary>The checksums of blocks, one XXH3-64 for each, that end a companion or a file of cells.</summary>
internal static class BlockSums
{
    /// <summary>Blocks that so many bytes take.</summary>
    public static int BlocksOf(long bytes) => checked((int)((bytes + CorruptGalleryException.BlockBytes - 1) / CorruptGalleryException.BlockBytes));

    /// <summary>Ends a file's content, and with it its last block, and appends the checksums.</summary>
    /// <param name="file">The file.</param>
    /// <param name="others">Checksums of another file's blocks, which come first.</param>
    /// <returns>The XXH3-128 of all checksums.</returns>
    public static string Append(HashingFile file, ReadOnlySpan<ulong> others)
    {
        file.EndBlock();
        byte[] sums = [.. MemoryMarshal.AsBytes(others), .. MemoryMarshal.AsBytes(file.Sums)];
        file.Write<byte>(sums);
        return Hashes.Of(sums);
    }
}
