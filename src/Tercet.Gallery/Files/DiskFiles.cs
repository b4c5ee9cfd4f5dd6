using System.Runtime.InteropServices;

namespace Tercet.Galleries.Files;

/// <summary>The operating system's files.</summary>
internal sealed partial class DiskFiles : IGalleryFiles
{
    private const int ReadOnly = 0;

    private DiskFiles()
    {
    }

    public static DiskFiles Instance { get; } = new();

    public IGalleryFile Create(string path) => new DiskFile(File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete));

    public IGalleryFile Open(string path) => new DiskFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public void Delete(string path) => File.Delete(path);

    /// <summary>Asks the system's C library, since .NET opens no folders. Windows has no such call; its file systems write names in order.</summary>
    public void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        int folder = OpenFolder(path, ReadOnly);
        if (folder < 0)
            throw new IOException($"The folder {path} cannot be opened: error {Marshal.GetLastPInvokeError()}.");
        int result = Flush(folder);
        int error = Marshal.GetLastPInvokeError();
        _ = Close(folder);
        if (result != 0)
            throw new IOException($"The folder {path} cannot be flushed to the disk: error {error}.");
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
