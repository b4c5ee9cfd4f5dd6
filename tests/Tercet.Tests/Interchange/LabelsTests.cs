using Tercet.Interchange;

namespace Tercet.Tests.Interchange;

public sealed class LabelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_Text_CodesByFirstSeen()
    {
        Labels labels = Labels.Load(_folder.Write("l.txt", "\uFEFFbob\r\n ann \nbob\n07\n7"u8.ToArray()));

        Assert.Equal([0, 1, 0, 2, 3], labels.Values);
        Assert.Equal(["bob", "ann", "07", "7"], labels.Encoder!.Names);
        Assert.Equal("ann", labels.NameOf(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => labels.NameOf(4));
    }

    [Fact]
    public void Load_Npy_KeepsTheIntegersWhateverTheFileIsCalled()
    {
        NpyFile.WriteLabels(_folder.File("labels.bin"), [42, -1]);

        Labels labels = Labels.Load(_folder.File("labels.bin"));

        Assert.Equal([42, -1], labels.Values);
        Assert.Null(labels.Encoder);
        Assert.Equal("-1", labels.NameOf(-1));
    }

    [Fact]
    public void Load_TwoFilesWithOneEncoder_ShareTheirCodes()
    {
        Labels batch = Labels.Load(_folder.Write("a.txt", "x\ny\n"u8.ToArray()));
        Labels gallery = Labels.Load(_folder.Write("b.txt", "y\nz\n"u8.ToArray()), batch.Encoder);

        Assert.Equal([1, 2], gallery.Values);
        Assert.True(batch.Encoder!.TryGetCode("z", out long code));
        Assert.Equal(2, code);
        Assert.False(batch.Encoder.TryGetCode("w", out _));
    }

    [Theory]
    [InlineData("a\n\nb\n", "line 2 is empty")]
    [InlineData("a\n  \n", "line 2 is empty")]
    [InlineData("a\0b\n", "line 1 holds a NUL")]
    public void Read_BadLine_NamesIt(string text, string expected)
    {
        string path = _folder.Write("l.txt", System.Text.Encoding.UTF8.GetBytes(text));

        Assert.Contains(expected, Assert.Throws<InvalidFileException>(() => LabelFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_NotUtf8OrMissing_IsAnInvalidFile()
    {
        Assert.Contains("UTF-8", Assert.Throws<InvalidFileException>(() => LabelFile.Read(_folder.Write("l.txt", [0x61, 0xFF, 0xFE]))).Message, StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<InvalidFileException>(() => Labels.Load(_folder.File("none.txt"))).Message, StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<InvalidFileException>(() => Labels.Load(_folder.File("none.npy"))).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidFileException>(() => Labels.Load(_folder.Path));
    }

    [Fact]
    public void Write_IsReadBack()
    {
        LabelFile.Write(_folder.File("l.txt"), ["José", "a b", "#1"]);

        Assert.Equal(["José", "a b", "#1"], LabelFile.Read(_folder.File("l.txt")));
        Assert.Throws<ArgumentException>(() => LabelFile.Write(_folder.File("l.txt"), ["a\nb"]));
        Assert.Throws<ArgumentException>(() => LabelFile.Write(_folder.File("l.txt"), [" a"]));
        Assert.Equal(3, LabelFile.Read(_folder.File("l.txt")).Length);
    }
}
