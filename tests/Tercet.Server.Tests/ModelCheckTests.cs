using System.Diagnostics;
using Tercet.Tests.Forward;
using static Tercet.Tests.Forward.OnnxModelBuilder;

namespace Tercet.Server.Tests;

/// <summary>The built program as a user would run it.</summary>
public sealed class ModelCheckTests : IDisposable
{
    private readonly ModelFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Hostile => ["outside", "truncated", "cyclic", "huge", "huge weights", "text"];

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Serve_HostileModel_EndsWithAnErrorBeforeItListens(string kind)
    {
        string path = kind switch
        {
            "outside" => _folder.Save(new OnnxModelBuilder().Input("x", FloatType, "n", 4).ExternalWeights("w", "../../../../etc/passwd", 64, 4, 4).Node("MatMul", "x w", "e").Output("e", FloatType, "n", 4)),
            "truncated" => _folder.Save(TinyModels.Vector("n").Build()[..^200]),
            "cyclic" => _folder.Save(new OnnxModelBuilder().Input("x", FloatType, "n", 4).Node("Add", "x b", "a").Node("Add", "x a", "b").Node("Identity", "b", "e").Output("e", FloatType, "n", 4)),
            "huge" => _folder.Save(new OnnxModelBuilder().Input("x", FloatType, "n", 2_000_000_000).Node("Identity", "x", "e").Output("e", FloatType, "n", 2_000_000_000)),
            "huge weights" => _folder.Save(new OnnxModelBuilder().Input("x", FloatType, "n", 4).Weights("w", new float[16], 2_000_000_000, 2_000_000_000).Node("MatMul", "x w", "e").Output("e", FloatType, "n", 4)),
            _ => _folder.Save("no model at all"u8.ToArray()),
        };
        (int exit, string error) = await Run("--model", path, "--device", "cpu", "--urls", "http://127.0.0.1:0");
        Assert.Equal(1, exit);
        Assert.StartsWith("tercet-server: error: ", error, StringComparison.Ordinal);
        Assert.True(error.Contains(path, StringComparison.Ordinal), error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Check_GoodModel_EndsWell()
    {
        (int exit, string error) = await Run("check", "--model", _folder.Save(TinyModels.Vector("n")), "--device", "cpu");
        Assert.Equal((0, ""), (exit, error));
    }

    [Theory]
    [InlineData(2, "--model is missing")]
    [InlineData(2, "--urls", "--model", "m.onnx", "--trust-model", "--urls", "http://0.0.0.0:0")]
    [InlineData(2, "--nonsense", "--nonsense")]
    [InlineData(1, "nowhere", "--model", "m.onnx", "--trust-model", "--keys", "nowhere.json")]
    public async Task Serve_WrongCommandLine_SaysWhatIsWrong(int exitCode, string said, params string[] arguments)
    {
        (int exit, string error) = await Run(arguments);
        Assert.Equal(exitCode, exit);
        Assert.Contains(said == "--urls" ? "loopback" : said, error, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Error)> Run(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "tercet-server.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(Token);
        _ = process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, await error);
    }
}
