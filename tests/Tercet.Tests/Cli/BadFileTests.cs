using Tercet.Interchange;

namespace Tercet.Tests.Cli;

public sealed class BadFileTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public BadFileTests()
    {
        _folder.WriteBatch(identities: 3, perIdentity: 4, dimension: 5);
        File.WriteAllText(_folder["T.npy"], "old");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mine_MissingFiles_NamesThem()
    {
        Mine("none.npy", "L.npy").Failed(1, "none.npy");
        Mine("E.npy", "none.txt").Failed(1, "none.txt");
        AssertUntouched();
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("text")]
    [InlineData("truncated")]
    [InlineData("fortran")]
    [InlineData("dtype")]
    [InlineData("rank")]
    [InlineData("folder")]
    public void Mine_BadEmbeddings_NamesTheFile(string kind)
    {
        byte[] good = File.ReadAllBytes(_folder["E.npy"]);
        switch (kind)
        {
            case "empty": File.WriteAllBytes(_folder["B.npy"], []); break;
            case "text": File.WriteAllText(_folder["B.npy"], "these are no numbers"); break;
            case "truncated": File.WriteAllBytes(_folder["B.npy"], good[..^5]); break;
            case "fortran": File.WriteAllBytes(_folder["B.npy"], InFortranOrder(good)); break;
            case "dtype": NpyFile.WriteInt64(_folder["B.npy"], new long[12, 5]); break;
            case "rank": NpyFile.WriteLabels(_folder["B.npy"], new long[12]); break;
            case "folder": Directory.CreateDirectory(_folder["B.npy"]); break;
        }

        Mine("B.npy", "L.npy").Failed(1, "B.npy");
        AssertUntouched();
    }

    [Fact]
    public void Mine_LabelsThatDoNotFit_NamesTheFileAndTheCounts()
    {
        NpyFile.WriteLabels(_folder["S.npy"], [1, 2, 3]);
        Mine("E.npy", "S.npy").Failed(1, "S.npy", "3", "12");
        File.WriteAllText(_folder["S.txt"], "a\n\nb\n");
        Mine("E.npy", "S.txt").Failed(1, "S.txt", "line 2");
        Mine("E.npy", "E.npy").Failed(1, "E.npy");
        AssertUntouched();
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Mine_RowThatIsNotFinite_NamesFileAndRow(float value)
    {
        float[] rows = new float[60];
        rows[(7 * 5) + 2] = value;
        _folder.WriteRows("N.npy", rows, 5);
        Mine("N.npy", "L.npy").Failed(1, "N.npy", "7");
        CliProcess.Run(_folder.Path, "loss", "--embeddings", "N.npy", "--labels", "L.npy", "--gradient-out", "T.npy").Failed(1, "N.npy", "7");
        CliProcess.Run(_folder.Path, "evaluate", "--embeddings", "N.npy", "--labels", "L.npy").Failed(1, "N.npy", "7");
        AssertUntouched();
    }

    [Fact]
    public void Mine_OutputThatCannotBeWritten_NamesIt()
    {
        CliProcess.Run(_folder.Path, "mine", "--embeddings", "E.npy", "--labels", "L.npy", "--out", "no/such/folder/T.npy").Failed(1, "no/such/folder/T.npy");
        Directory.CreateDirectory(_folder["D.csv"]);
        CliProcess.Run(_folder.Path, "mine", "--embeddings", "E.npy", "--labels", "L.npy", "--out", "D.csv").Failed(1, "D.csv");
    }

    [Fact]
    public void Mine_GalleryOfAnotherWidth_NamesBoth()
    {
        _folder.WriteRows("G.npy", new float[24], 2);
        CliProcess.Run(_folder.Path, "mine", "--embeddings", "E.npy", "--labels", "L.npy", "--gallery", "G.npy", "--gallery-labels", "L.npy", "--out", "T.npy").Failed(1, "G.npy", "2", "5");
        AssertUntouched();
    }

    [Fact]
    public void InfoAndEmbed_BadModel_NamesIt()
    {
        File.WriteAllText(_folder["M.onnx"], "not a model");
        File.WriteAllBytes(_folder["a.jpg"], [0xff, 0xd8]);
        CliProcess.Run(_folder.Path, "info", "--model", "M.onnx", "--json").Failed(1, "M.onnx");
        CliProcess.Run(_folder.Path, "info", "--model", "none.onnx").Failed(1, "none.onnx");
        CliProcess.Run(_folder.Path, "embed", "a.jpg", "--model", "M.onnx", "--preprocess", "sface", "--out", "T.npy").Failed(1, "M.onnx");
        CliProcess.Run(_folder.Path, "embed", "none.jpg", "--model", "M.onnx", "--out", "T.npy").Failed(1, "none.jpg");
        CliProcess.Run(_folder.Path, "embed", "sub/*.jpg", "--model", "M.onnx", "--out", "T.npy").Failed(1, "sub/*.jpg");
        CliProcess.Run(_folder.Path, "embed", "a.jpg", "--model", "M.onnx", "--preprocess", "nothing", "--out", "T.npy").Failed(2, "--preprocess", "nothing");
        AssertUntouched();
    }

    [Fact]
    public void Demo_NoAssets_SaysWhatIsMissingAndHowToGetIt()
    {
        CliProcess.Run(_folder.Path, "demo").Failed(1, "sface.onnx", "bench/assets.sh", "--assets");
        Assert.DoesNotContain("tercet-demo.png", _folder.Names);
    }

    private CliResult Mine(string embeddings, string labels) =>
        CliProcess.Run(_folder.Path, "mine", "--embeddings", embeddings, "--labels", labels, "--out", "T.npy", "--json");

    private static byte[] InFortranOrder(byte[] good)
    {
        int at = good.AsSpan().IndexOf("False"u8);
        Assert.True(at > 0);
        byte[] changed = [.. good];
        "True "u8.CopyTo(changed.AsSpan(at));
        return changed;
    }

    private void AssertUntouched()
    {
        Assert.Equal("old", File.ReadAllText(_folder["T.npy"]));
        Assert.DoesNotContain(_folder.Names, name => name.EndsWith(".tmp", StringComparison.Ordinal));
    }
}
