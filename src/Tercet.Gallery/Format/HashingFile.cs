using System.IO.Hashing;
using System.Runtime.InteropServices;
using Tercet.Galleries.Files;

namespace Tercet.Galleries.Format;

/// <summary>A file that is written once, from beginning to end: it collects the checksum of each block and of the whole as the bytes go by.</summary>
internal sealed class HashingFile : IDisposable
{
    private readonly IGalleryFile _file;
    private readonly byte[] _block = new byte[CorruptGalleryException.BlockBytes];
    private readonly XxHash128 _whole = new();
    private readonly List<ulong> _sums = [];
    private int _used;

    public HashingFile(IGalleryFiles files, string path) => _file = files.Create(path);

    /// <summary>Bytes written so far.</summary>
    public long Length { get; private set; }

    /// <summary>The checksum of each block; of the last, incomplete one as well, once <see cref="EndBlock"/> was called.</summary>
    public ReadOnlySpan<ulong> Sums => CollectionsMarshal.AsSpan(_sums);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, _block.Length - _used);
            bytes[..count].CopyTo(_block.AsSpan(_used));
            bytes = bytes[count..];
            Length += count;
            _used += count;
            if (_used == _block.Length)
                EndBlock();
        }
    }

    public void Write<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        const int Chunk = 1 << 24;
        for (; values.Length > Chunk; values = values[Chunk..])
            Write(MemoryMarshal.AsBytes(values[..Chunk]));
        Write(MemoryMarshal.AsBytes(values));
    }

    /// <summary>Writes zeros up to an offset.</summary>
    public void PadTo(long offset)
    {
        Span<byte> zeros = stackalloc byte[64];
        zeros.Clear();
        while (Length < offset)
            Write(zeros[..(int)Math.Min(zeros.Length, offset - Length)]);
    }

    /// <summary>Ends a block early: what follows has checksums of its own.</summary>
    public void EndBlock()
    {
        if (_used == 0)
            return;
        ReadOnlySpan<byte> block = _block.AsSpan(0, _used);
        _sums.Add(XxHash3.HashToUInt64(block));
        _whole.Append(block);
        _file.Append(block);
        _used = 0;
    }

    /// <summary>Writes what is left, and returns when all of it survives a loss of power.</summary>
    public FileEntry Complete()
    {
        EndBlock();
        _file.Sync();
        return new FileEntry(Length, Hashes.Of(_whole));
    }

    public void Dispose() => _file.Dispose();
}
