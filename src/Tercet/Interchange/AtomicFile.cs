namespace Tercet.Interchange;

/// <summary>
/// Writes a file so that others see either the old one or the complete new one: the bytes go to a temporary file in the same folder, which takes
/// the target's name only when <see cref="Commit"/> has flushed it to the disk. Disposing without a commit removes the temporary file.
/// </summary>
/// <remarks>A target under <c>/dev/</c> is written to directly, since a device must not be replaced. A symbolic link is followed, and an old file's Unix mode kept.</remarks>
public sealed class AtomicFile : IDisposable
{
    private const int BufferSize = 1 << 20;

    private readonly string _target;
    private readonly string? _temporary;
    private bool _committed;

    /// <summary>Opens the temporary file.</summary>
    /// <param name="path">The file to write or replace; its folder must exist.</param>
    /// <exception cref="TercetException">The file cannot be written there.</exception>
    public AtomicFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        try
        {
            _target = System.IO.Path.GetFullPath(path);
            bool isDevice = _target.StartsWith("/dev/", StringComparison.Ordinal);
            if (!isDevice && new FileInfo(_target) is { LinkTarget: not null } link)
                _target = link.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? _target;
            string folder = System.IO.Path.GetDirectoryName(_target) ?? throw new IOException("it is a folder");
            if (Directory.Exists(_target))
                throw new IOException("it is a folder");
            if (!Directory.Exists(folder))
                throw new IOException($"the folder {folder} does not exist");
            _temporary = isDevice
                ? null
                : System.IO.Path.Combine(folder, $".{System.IO.Path.GetFileName(_target)}.{System.IO.Path.GetRandomFileName()}.tmp");
            Stream = _temporary is null
                ? new FileStream(_target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, BufferSize)
                : new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(path, exception);
        }
    }

    /// <summary>The file that is written or replaced.</summary>
    public string Path { get; }

    /// <summary>Takes the content; can seek unless the target is a pipe.</summary>
    public FileStream Stream { get; }

    /// <summary>Writes a whole file.</summary>
    /// <param name="path">The file to write or replace.</param>
    /// <param name="write">Writes the content; when it throws, an old file stays as it was.</param>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using AtomicFile file = new(path);
        try
        {
            write(file.Stream);
        }
        catch (IOException exception)
        {
            throw CannotWrite(path, exception);
        }

        file.Commit();
    }

    /// <summary>Flushes the content to the disk and gives it the target's name. Nothing may be written afterwards.</summary>
    /// <exception cref="TercetException">The file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">It has been committed or disposed before.</exception>
    public void Commit()
    {
        if (_committed || !Stream.CanWrite)
            throw new InvalidOperationException($"{Path} has been committed or disposed before.");
        try
        {
            Stream.Flush(flushToDisk: _temporary is not null);
            Stream.Dispose();
            if (_temporary is not null)
            {
                if (!OperatingSystem.IsWindows() && File.Exists(_target))
                    File.SetUnixFileMode(_temporary, File.GetUnixFileMode(_target));
                File.Move(_temporary, _target, overwrite: true);
            }

            _committed = true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(Path, exception);
        }
    }

    /// <summary>Closes the file, and removes what was written if it was not committed. Further calls do nothing.</summary>
    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        catch (IOException) when (!_committed)
        {
            // The disk is full, say, and the buffer cannot be flushed: the content is thrown away in any case.
        }

        if (_committed || _temporary is null)
            return;
        try
        {
            File.Delete(_temporary);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Dispose runs while the failure that matters is on its way up; a leftover must not hide it.
        }
    }

    internal static TercetException CannotWrite(string path, Exception cause) =>
        new($"{path}: cannot be written: {cause.Message}".ReplaceLineEndings(" "), cause);
}
