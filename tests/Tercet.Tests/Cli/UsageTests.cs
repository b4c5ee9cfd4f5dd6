namespace Tercet.Tests.Cli;

public sealed class UsageTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("embed", "--model", "--preprocess", "--align", "--labels-from-folder", "--labels-out", "--batch", "--device", "--threads", "--on-error", "--normalize", "--out")]
    [InlineData("mine", "--embeddings", "--labels", "--rule", "--metric", "--margin", "--within-margin", "--fallback", "--gallery", "--gallery-labels", "--negative-only-label", "--normalize", "--seed", "--device", "--threads", "--repeat", "--statistics", "--epsilon", "--easy-positive", "--out")]
    [InlineData("loss", "--embeddings", "--labels", "--rule", "--metric", "--margin", "--reduction", "--gradient-out", "--device", "batch-all")]
    [InlineData("evaluate", "--embeddings", "--labels", "--metric", "--folds", "--threshold", "--far", "--plot")]
    [InlineData("demo", "--out", "--device")]
    [InlineData("info", "--model")]
    [InlineData("devices", "--device")]
    [InlineData("index build", "--gallery", "--model", "--preprocess", "--align", "--labels", "--commit-every", "--batch", "--device", "--threads", "--on-error", "--metric", "--normalize", "--float16")]
    [InlineData("index add", "--gallery", "--model")]
    [InlineData("index update", "--gallery", "--model")]
    [InlineData("index remove", "--gallery", "--id", "--label", "--source")]
    [InlineData("index compact", "--gallery")]
    [InlineData("index verify", "--gallery", "--repair")]
    [InlineData("index info", "--gallery", "--content-hash")]
    [InlineData("index export", "--gallery", "--out", "--ids-out", "--labels-out")]
    [InlineData("index import", "--gallery", "--embeddings", "--ids", "--labels", "--model-sha256", "--metric")]
    [InlineData("search", "--gallery", "--query", "--k", "--threshold", "--label-filter", "--model")]
    [InlineData("verify-pair", "--model", "--threshold")]
    public void Help_EveryVerb_NamesItsOptions(string verb, params string[] options)
    {
        CliResult result = CliProcess.Run(_folder.Path, [.. verb.Split(' '), "--help"]).Succeeded();
        Assert.Contains($"tercet {verb}", result.Output, StringComparison.Ordinal);
        Assert.Contains("--json", result.Output, StringComparison.Ordinal);
        foreach (string option in options)
            Assert.Contains(option, result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Error);
    }

    [Fact]
    public void Help_Root_NamesEveryVerb()
    {
        CliResult result = CliProcess.Run(_folder.Path, "--help").Succeeded();
        foreach (string verb in (string[])["embed", "mine", "loss", "evaluate", "index", "search", "verify-pair", "train", "serve", "demo", "info", "devices"])
            Assert.Contains($"\n  {verb} ", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "a command is needed", "mine")]
    [InlineData("frobnicate", "frobnicate")]
    [InlineData("mine", "--embeddings")]
    [InlineData("mine --embeddings E.npy", "--labels")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --rule semi_hard", "--rule", "semi_hard", "semi-hard")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --rule batch-all", "--rule", "batch-all")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --metric manhattan", "--metric", "manhattan", "cosine")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --margin -0.1", "--margin", "-0.1")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --margin nan", "--margin", "nan")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --margin inf", "--margin", "inf")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --margin 0,2", "--margin", "0,2")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --margin", "--margin")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --seed -1", "--seed", "-1")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --threads -1", "--threads", "-1")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --repeat 0", "--repeat", "0")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --rule batch-hard --within-margin", "--within-margin", "batch-hard")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --rule all --fallback easiest", "--fallback", "all")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --easy-positive nearest", "--easy-positive", "semi-hard")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --epsilon 0.1", "--epsilon", "multi-similarity")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --gallery G.npy", "--gallery-labels")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --gallery E.npy --gallery-labels L.npy", "--gallery", "E.npy")]
    [InlineData("mine --embeddings E.npy --labels L.npy", "--out")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.bin", "--out", "T.bin", ".csv")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --verbose", "--verbose")]
    [InlineData("loss --embeddings E.npy --labels L.npy --rule all", "--rule", "all")]
    [InlineData("loss --embeddings E.npy --labels L.npy --gradient-out G.csv", "--gradient-out", ".npy")]
    [InlineData("evaluate --embeddings E.npy", "--labels")]
    [InlineData("evaluate --embeddings E.npy --labels L.npy --folds 1", "--folds", "1")]
    [InlineData("evaluate --embeddings E.npy --labels L.npy --far 2", "--far", "2")]
    [InlineData("evaluate --embeddings E.npy --labels L.npy --plot P.gif", "--plot", ".png")]
    [InlineData("embed --model M.onnx --out E.npy", "IMAGES")]
    [InlineData("embed a.jpg --out E.npy", "--model")]
    [InlineData("embed a.jpg --model M.onnx --out E.txt", "--out", ".npy")]
    [InlineData("embed a.jpg --model M.onnx --out E.npy --device tpu", "--device", "tpu", "cuda")]
    [InlineData("embed a.jpg --model M.onnx --out E.npy --batch 0", "--batch", "0")]
    [InlineData("embed a.jpg --model M.onnx --out E.npy --labels-from-folder", "--labels-out")]
    [InlineData("embed a.jpg --model M.onnx --out E.npy --labels-out L.txt", "--labels-from-folder")]
    [InlineData("info", "--model")]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy --device gpu", "--device", "gpu", "cuda")]
    [InlineData("devices --device gpu", "--device", "gpu", "auto")]
    [InlineData("devices extra", "extra")]
    public void Run_BadOptions_IsAUsageError(string arguments, params string[] mentions)
    {
        CliProcess.Run(_folder.Path, arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Failed(2, mentions);
        Assert.Empty(_folder.Names);
    }
}
