using Tercet.Galleries.Files;

namespace Tercet.Galleries.Tests;

/// <summary>Files that are byte arrays, for what only reads them.</summary>
internal sealed class MemoryFiles : IGalleryFiles
{
    private readonly Dictionary<string, byte[]> _content = [];

    /// <summary>What a file holds.</summary>
    public byte[] this[string path]
    {
        set => _content[path] = value;
    }

    public IGalleryFile Open(string path) => _content.TryGetValue(path, out byte[]? content) ? new MemoryFile(content) : throw new FileNotFoundException(path);

    public IGalleryFile Create(string path) => throw new NotSupportedException();

    public void Rename(string from, string to) => throw new NotSupportedException();

    public void Delete(string path) => throw new NotSupportedException();

    public void SyncFolder(string path) => throw new NotSupportedException();

    private sealed class MemoryFile(byte[] content) : IGalleryFile
    {
        public long Length => content.Length;

        public void Append(ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

        public void Sync() => throw new NotSupportedException();

        public int Read(Span<byte> bytes, long offset)
        {
            ReadOnlySpan<byte> rest = content.AsSpan((int)Math.Min(offset, content.Length));
            int count = Math.Min(rest.Length, bytes.Length);
            rest[..count].CopyTo(bytes);
            return count;
        }

        public void Dispose()
        {
        }
    }
}
