using System.Numerics;
using Tercet.Galleries.Files;
using Tercet.Galleries.Format;

namespace Tercet.Galleries.Segments;

/// <summary>Which rows of a segment were removed: one bit a row, in memory and on the disk.</summary>
internal sealed class RemovedRows
{
    private readonly int _rows;
    private byte[]? _bits;

    private RemovedRows(int rows, byte[]? bits, int count) => (_rows, _bits, Count) = (rows, bits, count);

    /// <summary>No row yet, and no memory for any.</summary>
    public RemovedRows(int rows)
        : this(rows, null, 0)
    {
    }

    /// <summary>How many were removed.</summary>
    public int Count { get; private set; }

    public bool this[int row] => _bits is { } bits && (bits[row >> 3] & (1 << (row & 7))) != 0;

    /// <summary>Reads the removed rows of a segment.</summary>
    /// <exception cref="CorruptGalleryException">The file does not hold what was written.</exception>
    public static RemovedRows Read(IGalleryFiles files, string folder, SegmentEntry segment)
    {
        if (segment.Deletions is not { } entry)
            return new RemovedRows(segment.Rows);
        string path = Path.Combine(folder, entry.File);
        using IGalleryFile file = files.Open(path);
        if (file.Length != BytesOf(segment.Rows))
            throw new CorruptGalleryException(path, file.Length / CorruptGalleryException.BlockBytes, $"the file has {file.Length} bytes, not {BytesOf(segment.Rows)}");
        byte[] bits = new byte[file.Length];
        BlockCheck.ReadWhole(file, bits, 0, path);
        if (Hashes.Of(bits) != entry.Hash)
            throw new CorruptGalleryException(path, 0, "its checksum is not that of its content");
        int count = 0;
        foreach (byte eight in bits)
            count += BitOperations.PopCount(eight);
        return count == entry.Rows
            ? new RemovedRows(segment.Rows, bits, count)
            : throw new CorruptGalleryException(path, 0, $"{count} rows are marked in it, not {entry.Rows}");
    }

    public RemovedRows Copy() => new(_rows, (byte[]?)_bits?.Clone(), Count);

    /// <summary>Marks a row.</summary>
    /// <returns>Whether it was not marked before.</returns>
    public bool Add(int row)
    {
        if (this[row])
            return false;
        (_bits ??= new byte[BytesOf(_rows)])[row >> 3] |= (byte)(1 << (row & 7));
        Count++;
        return true;
    }

    /// <summary>Writes the bits; when this returns they are on the disk, except for the file's name.</summary>
    public DeletionEntry Write(IGalleryFiles files, string folder, string name)
    {
        using IGalleryFile file = files.Create(Path.Combine(folder, name));
        byte[] bits = _bits ?? new byte[BytesOf(_rows)];
        file.Append(bits);
        file.Sync();
        return new DeletionEntry(name, Count, Hashes.Of(bits));
    }

    private static int BytesOf(int rows) => (rows + 7) / 8;
}
