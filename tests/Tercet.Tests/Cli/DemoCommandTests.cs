using System.Text.Json;
using SkiaSharp;

namespace Tercet.Tests.Cli;

public sealed class DemoCommandTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Demo_RealFaces_ReachesThePublishedAccuracy()
    {
        string assets = Repository.RequireAssets();
        JsonElement json = CliProcess.Run(_folder.Path, "demo", "--assets", assets, "--device", "cpu", "--json").Succeeded().Json;
        Assert.Equal((55, 5), (json.GetProperty("faces").GetInt32(), json.GetProperty("people").GetInt32()));
        JsonElement evaluation = json.GetProperty("evaluation");
        Assert.InRange(evaluation.GetProperty("at_threshold").GetProperty("accuracy").GetDouble(), 0.97, 1);
        Assert.Equal(1, evaluation.GetProperty("rank1").GetDouble());

        Dictionary<string, long> selected = json.GetProperty("rules").EnumerateArray().ToDictionary(rule => rule.GetProperty("rule").GetString()!, rule => rule.GetProperty("selected").GetInt64());
        Assert.Equal(12, selected.Count);
        Assert.Equal((55, 550, 550), (selected["batch-hard"], selected["hard-negative"], selected["semi-hard"]));
        Assert.Equal(24_200, selected["all"] + selected["easy"]);
        Assert.Equal(selected["all"], selected["hard"] + selected["semihard"]);

        Assert.Equal(5, json.GetProperty("farthest_same").GetArrayLength());
        foreach (JsonElement pair in json.GetProperty("farthest_same").EnumerateArray())
            Assert.Equal(Path.GetDirectoryName(pair.GetProperty("first").GetString()), Path.GetDirectoryName(pair.GetProperty("second").GetString()));
        using SKBitmap picture = SKBitmap.Decode(_folder["tercet-demo.png"]);
        Assert.True(picture.Width > 1000 && picture.Height > 1000);
    }
}
