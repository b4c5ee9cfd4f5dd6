using Tercet.Galleries.Files;

namespace Tercet.Galleries.Tests;

/// <summary>The operating system's files, of which one call fails, or every call from one on.</summary>
internal sealed class FaultyFiles(bool fromThereOn, FaultKind kind) : IGalleryFiles
{
    private int _calls;
    private int _failing = int.MaxValue;

    /// <summary>What the first failing call was to do; null where none has failed.</summary>
    public string? Failed { get; private set; }

    /// <summary>Lets a call fail, counted from now: 1 is the next.</summary>
    public void Arm(int failing) => (_calls, _failing) = (0, failing);

    /// <summary>Lets no call fail any more.</summary>
    public void Disarm() => _failing = int.MaxValue;

    public IGalleryFile Create(string path)
    {
        Call("create", path);
        return new FaultyFile(this, DiskFiles.Instance.Create(path), path);
    }

    public IGalleryFile Open(string path)
    {
        Call("open", path);
        return new FaultyFile(this, DiskFiles.Instance.Open(path), path);
    }

    public void Rename(string from, string to)
    {
        Call("rename", to);
        DiskFiles.Instance.Rename(from, to);
    }

    public void Delete(string path)
    {
        Call("delete", path);
        DiskFiles.Instance.Delete(path);
    }

    public void SyncFolder(string path) => Call("sync folder", path);

    private bool IsShort => kind == FaultKind.ShortWrite;

    private bool IsDue(string what, string path)
    {
        int call = Interlocked.Increment(ref _calls);
        bool due = fromThereOn ? call >= _failing : call == _failing;
        if (due)
            Failed ??= $"{what} {Path.GetFileName(path)}";
        return due;
    }

    private void Call(string what, string path)
    {
        if (IsDue(what, path))
            throw Fault();
    }

    private IOException Fault() => new(kind == FaultKind.InputOutput ? "Input/output error" : "No space left on device");

    private sealed class FaultyFile(FaultyFiles files, IGalleryFile file, string path) : IGalleryFile
    {
        public long Length => file.Length;

        public void Append(ReadOnlySpan<byte> bytes)
        {
            if (!files.IsDue("append", path))
            {
                file.Append(bytes);
                return;
            }

            if (files.IsShort)
                file.Append(bytes[..(bytes.Length / 2)]);
            throw files.Fault();
        }

        // Nothing is flushed: these tests lose no power, and many of them run.
        public void Sync() => files.Call("sync", path);

        public int Read(Span<byte> bytes, long offset)
        {
            files.Call("read", path);
            return file.Read(bytes, offset);
        }

        public void Dispose() => file.Dispose();
    }
}
