using System.Diagnostics;
using System.Globalization;

namespace Tercet.Galleries.Files;

/// <summary>
/// The right to write a gallery. The operating system holds the lock for the process and lets go of it when the process ends, however it ends; a note beside it
/// says who has it. On file systems without locks (some network shares) it protects nothing.
/// </summary>
internal sealed class WriterLock : IDisposable
{
    private const string LockName = "writer.lock";
    private const string OwnerName = "writer.owner";

    private readonly FileStream _lock;
    private readonly string _owner;

    private WriterLock(FileStream held, string owner) => (_lock, _owner) = (held, owner);

    /// <summary>Takes the lock.</summary>
    /// <exception cref="GalleryLockedException">Another writer has it.</exception>
    /// <exception cref="GalleryException">The folder cannot be written to.</exception>
    public static WriterLock Take(string folder)
    {
        string owner = Path.Combine(folder, OwnerName);
        FileStream? held = null;
        try
        {
            held = new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            File.WriteAllText(owner, string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId} {Environment.MachineName} {DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'}\n"));
            return new WriterLock(held, owner);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            if (held is null && failure is IOException and not DirectoryNotFoundException && File.Exists(Path.Combine(folder, LockName)))
                throw new GalleryLockedException(folder, Describe(owner), failure);
            throw new GalleryException(folder, $"cannot be written to: {failure.Message}", failure);
        }
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_owner);
        }
        catch (IOException)
        {
            // The note is only for people.
        }

        _lock.Dispose();
    }

    private static string Describe(string owner)
    {
        try
        {
            string[] parts = File.ReadAllText(owner).Split(' ', StringSplitOptions.TrimEntries);
            if (parts.Length == 3 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out int process))
                return $"process {process} on {parts[1]} since {parts[2]}{(parts[1] == Environment.MachineName ? IsAlive(process) ? " (alive)" : " (not found: the lock is held by a child of it, or by another container)" : "")}";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The owner has just let go of it, or writes it now.
        }

        return "another process";
    }

    private static bool IsAlive(int process)
    {
        try
        {
            using Process found = Process.GetProcessById(process);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
