using System.Text.Json;
using SkiaSharp;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Tests.Forward;

namespace Tercet.Tests.Cli;

public sealed class EmbedCommandTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public EmbedCommandTests()
    {
        File.WriteAllBytes(_folder["M.onnx"], TinyModels.Image("batch", 3, 4, 4).Build());
        File.WriteAllText(_folder["P.json"], """{"width":4,"height":4}""");
        WriteImage("faces/ann/2.png", new SKColor(10, 20, 30));
        WriteImage("faces/ann/1.png", new SKColor(200, 100, 50));
        WriteImage("faces/bob/1.png", new SKColor(0, 255, 7));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Embed_FolderOfImages_WritesRowsInOrderOfPathsWithLabels()
    {
        File.WriteAllText(_folder["faces/readme.txt"], "no image");
        CliResult result = Embed("faces", "--labels-from-folder", "--labels-out", "L.txt", "--paths-out", "N.txt", "--batch", "2").Succeeded();
        Assert.Contains("1 files", result.Error, StringComparison.Ordinal);
        Assert.Equal(["ann", "ann", "bob"], File.ReadAllLines(_folder["L.txt"]));
        Assert.Equal(["faces/ann/1.png", "faces/ann/2.png", "faces/bob/1.png"], File.ReadAllLines(_folder["N.txt"]));
        AssertRows(new SKColor(200, 100, 50), new SKColor(10, 20, 30), new SKColor(0, 255, 7));

        JsonElement json = result.Json;
        Assert.Equal((3, TinyModels.Dimension, "dynamic", 0), (json.GetProperty("count").GetInt32(), json.GetProperty("dimension").GetInt32(), json.GetProperty("batch_mode").GetString(), json.GetProperty("skipped").GetArrayLength()));
        Assert.Equal("CPUExecutionProvider", json.GetProperty("provider").GetString());
        Assert.True(json.GetProperty("images_per_second").GetDouble() > 0);
        Assert.True(json.GetProperty("timings").GetProperty("embed_ms").GetDouble() > 0);
    }

    [Fact]
    public void Embed_PatternAndNormalize_GivesUnitRows()
    {
        Embed("faces/**/1.png", "--normalize").Succeeded();
        using PinnedMatrix rows = NpyFile.ReadMatrix(_folder["E.npy"]);
        Assert.Equal(2, rows.Rows);
        for (int row = 0; row < rows.Rows; row++)
            Assert.Equal(1, Math.Sqrt(rows.Span.GetRowSpan(row).ToArray().Sum(value => (double)value * value)), 5);
    }

    [Fact]
    public void Embed_BrokenImages_AreSkippedByNameOrFailTheRun()
    {
        File.WriteAllBytes(_folder["faces/ann/0.jpg"], []);
        File.WriteAllText(_folder["faces/ann/3.png"], "not a picture");
        byte[] good = File.ReadAllBytes(_folder["faces/bob/1.png"]);
        File.WriteAllBytes(_folder["faces/bob/0.png"], good[..(good.Length / 2)]);

        CliResult result = Embed("faces", "--labels-from-folder", "--labels-out", "L.txt").Succeeded();
        Assert.Equal(["faces/ann/0.jpg", "faces/ann/3.png", "faces/bob/0.png"], result.Json.GetProperty("skipped").EnumerateArray().Select(entry => entry.GetProperty("path").GetString()));
        foreach (JsonElement entry in result.Json.GetProperty("skipped").EnumerateArray())
        {
            Assert.NotEmpty(entry.GetProperty("reason").GetString()!);
            Assert.Contains($"skipped {entry.GetProperty("path").GetString()}: ", result.Error, StringComparison.Ordinal);
        }

        AssertRows(new SKColor(200, 100, 50), new SKColor(10, 20, 30), new SKColor(0, 255, 7));
        Assert.Equal(["ann", "ann", "bob"], File.ReadAllLines(_folder["L.txt"]));

        byte[] before = File.ReadAllBytes(_folder["E.npy"]);
        Embed("faces", "--on-error", "fail").Failed(1, "faces/ann/0.jpg");
        Embed("faces/ann/0.jpg", "faces/ann/3.png").Failed(1, "none of the 2 files", "faces/ann/0.jpg");
        Assert.Equal(before, File.ReadAllBytes(_folder["E.npy"]));
    }

    [Fact]
    public void Embed_DescriptionThatDoesNotFitTheModel_Fails()
    {
        File.WriteAllText(_folder["P.json"], """{"width":8,"height":4}""");
        Embed("faces").Failed(1, "M.onnx", "8");
        CliProcess.Run(_folder.Path, "embed", "faces", "--model", "M.onnx", "--out", "E.npy").Failed(1, "M.onnx", "--preprocess");
        Assert.DoesNotContain("E.npy", _folder.Names);
    }

    [Fact]
    public void Info_TinyModel_DescribesIt()
    {
        JsonElement json = CliProcess.Run(_folder.Path, "info", "--model", "M.onnx", "--json").Succeeded().Json;
        Assert.Equal((TinyModels.Dimension, "dynamic", "image"), (json.GetProperty("dimension").GetInt32(), json.GetProperty("batch_mode").GetString(), json.GetProperty("input").GetProperty("name").GetString()));
        Assert.Equal(64, json.GetProperty("sha256").GetString()!.Length);
        Assert.Contains("M.onnx", CliProcess.Run(_folder.Path, "info", "--model", "M.onnx").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_Json_NamesLanesAndProviders()
    {
        JsonElement json = CliProcess.Run(_folder.Path, "devices", "--json").Succeeded().Json;
        string[] supported = [.. json.GetProperty("supported_lanes").EnumerateArray().Select(lanes => lanes.GetString()!)];
        Assert.Contains(json.GetProperty("lanes").GetString(), supported);
        Assert.Contains("scalar", supported);
        Assert.Contains("CPUExecutionProvider", json.GetProperty("onnx_providers").EnumerateArray().Select(provider => provider.GetString()));
        Assert.Equal(Environment.ProcessorCount, json.GetProperty("processors").GetInt32());
    }

    private CliResult Embed(params string[] arguments) =>
        CliProcess.Run(_folder.Path, ["embed", .. arguments, "--model", "M.onnx", "--preprocess", "P.json", "--device", "cpu", "--out", "E.npy", "--json"]);

    private void WriteImage(string name, SKColor color)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        using SKBitmap bitmap = new(9, 7);
        bitmap.Erase(color);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(_folder[name], data.ToArray());
    }

    private void AssertRows(params SKColor[] colors)
    {
        using PinnedMatrix rows = NpyFile.ReadMatrix(_folder["E.npy"]);
        Assert.Equal((colors.Length, TinyModels.Dimension), (rows.Rows, rows.Columns));
        for (int row = 0; row < colors.Length; row++)
        {
            float[] pixels = [.. new[] { colors[row].Red, colors[row].Green, colors[row].Blue }.SelectMany(channel => Enumerable.Repeat((float)channel, 16))];
            double[] expected = TinyModels.Expected(pixels);
            for (int column = 0; column < expected.Length; column++)
                Assert.Equal(expected[column], rows.Span[row, column], 0.01);
        }
    }
}
