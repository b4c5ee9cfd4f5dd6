using Microsoft.Win32.SafeHandles;

namespace Tercet.Galleries.Files;

/// <summary>A file of the operating system.</summary>
internal sealed class DiskFile(SafeFileHandle handle) : IGalleryFile
{
    private long _end;

    public long Length => RandomAccess.GetLength(handle);

    public void Append(ReadOnlySpan<byte> bytes)
    {
        RandomAccess.Write(handle, bytes, _end);
        _end += bytes.Length;
    }

    public void Sync() => RandomAccess.FlushToDisk(handle);

    public int Read(Span<byte> bytes, long offset) => RandomAccess.Read(handle, bytes, offset);

    public void Dispose() => handle.Dispose();
}
