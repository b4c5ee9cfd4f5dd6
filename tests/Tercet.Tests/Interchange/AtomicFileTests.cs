using Tercet.Interchange;

namespace Tercet.Tests.Interchange;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_Succeeds_ReplacesTheOldFileAndLeavesNothingElse()
    {
        string path = _folder.Write("a.txt", "old content"u8.ToArray());

        AtomicFile.Write(path, stream => stream.Write("new"u8));

        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Write_Throws_KeepsTheOldFileAndLeavesNothingElse()
    {
        string path = _folder.Write("a.txt", "old"u8.ToArray());

        Assert.Throws<InvalidDataException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidDataException("stop");
        }));

        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Dispose_NotCommitted_WritesNothing()
    {
        using (AtomicFile file = new(_folder.File("a.txt")))
            file.Stream.WriteByte(1);

        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Constructor_CannotWrite_NamesThePathAndTheReason()
    {
        Assert.Contains("does not exist", Assert.Throws<TercetException>(() => new AtomicFile(_folder.File("no/a.txt"))).Message, StringComparison.Ordinal);
        Assert.Contains("it is a folder", Assert.Throws<TercetException>(() => new AtomicFile(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Commit_Twice_Throws()
    {
        using AtomicFile file = new(_folder.File("a.txt"));
        file.Commit();

        Assert.Throws<InvalidOperationException>(file.Commit);
    }

    [Fact]
    public void Commit_OverASymbolicLink_WritesWhereItPointsAndKeepsTheMode()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Symbolic links need a privilege on Windows, and there is no Unix mode.");
            return;
        }

        string target = _folder.Write("target.txt", "old"u8.ToArray());
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        File.CreateSymbolicLink(_folder.File("link.txt"), target);

        AtomicFile.Write(_folder.File("link.txt"), stream => stream.Write("new"u8));

        Assert.Equal("new", File.ReadAllText(target));
        Assert.NotNull(File.ResolveLinkTarget(_folder.File("link.txt"), false));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, File.GetUnixFileMode(target));
    }

    [Fact]
    public void Write_ToADevice_DoesNotReplaceIt()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("/dev/null is a Unix device.");

        AtomicFile.Write("/dev/null", stream => stream.Write("gone"u8));

        Assert.Equal(0, new FileInfo("/dev/null").Length);
        Assert.Empty(Directory.GetFiles("/dev", ".null*"));
    }

    [Fact]
    public void Write_DiskFull_IsATercetException()
    {
        if (!File.Exists("/dev/full"))
            Assert.Skip("There is no /dev/full here.");

        Assert.StartsWith("/dev/full: cannot be written", Assert.Throws<TercetException>(() => AtomicFile.Write("/dev/full", stream => stream.WriteByte(1))).Message, StringComparison.Ordinal);
    }
}
