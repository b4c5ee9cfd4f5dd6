using Tercet.Interchange;

namespace Tercet.Tests.Interchange;

public sealed class NpyWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Complete_RowsInPieces_FillsTheShapeIn()
    {
        string path = _folder.File("t.npy");
        using (NpyWriter writer = new(path, NpyDataType.I8, 3))
        {
            writer.Write<long>([1, 2, 3, 4]);
            Assert.Equal(1, writer.Rows);
            writer.Write<long>([5, 6]);
            Assert.False(File.Exists(path));
            writer.Complete();
        }

        NpyHeader header = NpyFile.ReadHeader(path);
        Assert.Equal(new NpyHeader(NpyDataType.I8, 2, 2, 3, 128), header);
        Assert.Equal(128 + 48, new FileInfo(path).Length);
    }

    [Fact]
    public void Complete_NoRows_IsAnEmptyArray()
    {
        using NpyWriter writer = new(_folder.File("t.npy"), NpyDataType.I8, 3);
        writer.Complete();

        Assert.Equal("(0, 3)", NpyFile.ReadHeader(_folder.File("t.npy")).ShapeText);
    }

    [Fact]
    public void Complete_PartOfARow_ThrowsAndKeepsTheOldFile()
    {
        NpyFile.WriteLabels(_folder.File("t.npy"), [7]);
        using (NpyWriter writer = new(_folder.File("t.npy"), NpyDataType.I8, 3))
        {
            writer.Write<long>([1, 2]);
            Assert.Throws<InvalidOperationException>(writer.Complete);
        }

        Assert.Equal([7], NpyFile.ReadLabels(_folder.File("t.npy")));
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Write_AnotherType_Throws()
    {
        using NpyWriter writer = new(_folder.File("t.npy"), NpyDataType.I8, 3);

        Assert.Throws<ArgumentException>(() => writer.Write<float>([1]));
        Assert.Throws<ArgumentException>(() => writer.Write<char>(['a']));
    }
}
