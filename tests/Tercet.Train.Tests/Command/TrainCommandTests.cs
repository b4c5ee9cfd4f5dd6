using System.Numerics.Tensors;
using System.Text.Json;
using CommunityToolkit.HighPerformance;
using Tercet.Forward;
using Tercet.Train.Tests.Data;

namespace Tercet.Train.Tests.Command;

public sealed class TrainCommandTests
{
    [Fact]
    public void Train_SmallData_LeavesAllItsFiles()
    {
        using Folder folder = new();
        string run = Path.Combine(folder.Path, "run");

        JsonElement answer = TrainProcess.Answer([.. Arguments(folder), "--out", run, "--steps", "6", "--validate-every", "3", "--checkpoint-every", "4"]);

        Assert.Equal((6, true, JsonValueKind.Null), (answer.GetProperty("step").GetInt32(), answer.GetProperty("finished").GetBoolean(), answer.GetProperty("resumed_from").ValueKind));
        Assert.InRange(answer.GetProperty("recall1").GetDouble(), 0, 1);
        string[] log = File.ReadAllLines(Path.Combine(run, "log.csv"));
        Assert.Equal(["step", "0", "1", "2", "3", "4", "5"], log.Select(line => line.Split(',')[0]));
        Assert.Equal([3, 6], log.Select((line, at) => (line, at)).Where(each => each.at > 0 && each.line.Split(',')[^1].Length > 0).Select(each => each.at));
        Assert.Equal(["step-00000000.ckpt", "step-00000004.ckpt", "step-00000006.ckpt"], Directory.GetFiles(Path.Combine(run, "checkpoints")).Select(Path.GetFileName).Order());
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(run, "events")));
        Assert.True(new FileInfo(Path.Combine(run, "model.onnx")).Length > 1000);
        Assert.Contains("\"width\":8", File.ReadAllText(Path.Combine(run, "model.onnx.json")).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Resume_KilledAtRandomMoments_EndsWithTheWeightsOfAnUninterruptedRun()
    {
        using Folder folder = new();
        string[] arguments = [.. Arguments(folder), "--steps", "250", "--checkpoint-every", "2", "--validate-every", "100"];
        JsonElement whole = TrainProcess.Answer([.. arguments, "--out", Path.Combine(folder.Path, "whole")]);
        string run = Path.Combine(folder.Path, "killed");
        Random random = new();
        int kills = 0;

        for (int trial = 0; trial < 4; trial++)
        {
            using TrainProcess process = trial == 0 ? new([.. arguments, "--out", run]) : new("--resume", run);
            int enough = NewestCheckpoint(run) + random.Next(2, 41);
            for (int waits = 0; waits < 6000 && !process.HasExited && NewestCheckpoint(run) < enough; waits++)
                Thread.Sleep(5);
            Thread.Sleep(random.Next(20));
            kills += process.HasExited ? 0 : 1;
            process.Kill();
            process.Wait();
        }

        JsonElement resumed = TrainProcess.Answer("--resume", run);
        Assert.True(resumed.GetProperty("finished").GetBoolean());
        Assert.Equal(whole.GetProperty("weights_sha256").GetString(), resumed.GetProperty("weights_sha256").GetString());
        Assert.Equal(
            Enumerable.Range(0, 250).Select(step => $"{step}"),
            File.ReadLines(Path.Combine(run, "log.csv")).Skip(1).Select(line => line.Split(',')[0]));
        Assert.True(kills > 1, $"only {kills} of 4 processes were killed at work");
    }

    [Theory]
    [InlineData]
    [InlineData("train")]
    public void Train_Interrupted_SavesAndResumesFromThatVeryStep(params string[] verb)
    {
        using Folder folder = new();
        string run = Path.Combine(folder.Path, "run");
        using TrainProcess process = new([.. verb, .. Arguments(folder), "--out", run, "--steps", "100000", "--checkpoint-every", "100000", "--validate-every", "100000"]);
        string log = Path.Combine(run, "log.csv");
        for (int waits = 0; waits < 600 && (!File.Exists(log) || new FileInfo(log).Length < 1000); waits++)
            Thread.Sleep(50);

        process.Interrupt();
        (int exitCode, string output, string error) = process.Wait();

        Assert.Equal(130, exitCode);
        Assert.Contains("--resume", error, StringComparison.Ordinal);
        Assert.Contains("interrupted", output, StringComparison.Ordinal);
        int done = File.ReadLines(log).Count() - 1;
        JsonElement resumed = TrainProcess.Answer("--resume", run, "--steps", $"{done + 2}");
        Assert.Equal((done, done + 2), (resumed.GetProperty("resumed_from").GetInt32(), resumed.GetProperty("step").GetInt32()));
    }

    [Fact]
    public void Example_Written_EmbedsDrawings()
    {
        using Folder folder = new();
        string path = Path.Combine(folder.Path, "drawings.onnx");

        (int exitCode, _, string error) = TrainProcess.Run("--example", path);

        Assert.True(exitCode == 0, error);
        Assert.InRange(new FileInfo(path).Length, 1000, 1_000_000);
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path);
        Assert.Equal((64, 3 * 28 * 28, BatchMode.Dynamic), (embedder.Dimension, embedder.InputLength, embedder.Info.BatchMode));
        embedder.Input[..(2 * embedder.InputLength)].Clear();
        embedder.Input[(3 * 28 * 14)..embedder.InputLength].Fill(255);
        ReadOnlySpan2D<float> rows = embedder.Run(2);
        Assert.Equal(1, TensorPrimitives.Norm(rows.GetRowSpan(0)), 1e-4);
        Assert.InRange(TensorPrimitives.Distance(rows.GetRowSpan(0), rows.GetRowSpan(1)), 0.1, 2);
    }

    [Fact]
    public void Train_WrongUsage_IsOneLineThatSaysWhatWouldDo()
    {
        using Folder folder = new();
        string[] arguments = Arguments(folder);
        string run = Path.Combine(folder.Path, "run");

        Fails(2, [], "--data is needed");
        Fails(2, ["--data", "x"], "--out is needed");
        Fails(2, ["--example", run, "--seed", "3"], "--seed cannot stand beside --example");
        Fails(2, ["--resume", run, "--seed", "3"], "--seed cannot stand beside --resume");
        Fails(2, [.. arguments, "--out", run, "--rule", "hardest"], "semi-hard, hard-negative");
        Fails(2, [.. arguments, "--out", run, "--rule", "batch-all", "--loss", "soft-margin"], "batch-all lists none");
        Fails(1, ["--data", Path.Combine(folder.Path, "none"), "--out", run], "no such file or folder");
        Fails(1, ["--data", arguments[1], "--out", run, "--identities", "50"], "Only 12 identities");
        Fails(1, ["--resume", run], "no whole checkpoint");
        Assert.False(Directory.Exists(run));
        (int exitCode, string help, _) = TrainProcess.Run("--help");
        Assert.Equal(0, exitCode);
        Assert.Contains("--refresh-every", help, StringComparison.Ordinal);
    }

    // The step of the newest checkpoint; −1 before there is one.
    private static int NewestCheckpoint(string run)
    {
        string folder = Path.Combine(run, "checkpoints");
        return !Directory.Exists(folder) ? -1 : Directory.EnumerateFiles(folder, "step-*.ckpt").Select(path => int.Parse(Path.GetFileNameWithoutExtension(path)[5..])).DefaultIfEmpty(-1).Max();
    }

    private static string[] Arguments(Folder folder) =>
    [
        "--data", SmallData.Write(folder.Path), "--validation-identities", "3", "--identities", "4", "--per-identity", "5", "--random-negatives", "4",
        "--dimension", "8", "--channels", "4", "--threads", "1", "--seed", "5",
    ];

    private static void Fails(int exitCode, string[] arguments, string mention)
    {
        (int code, string output, string error) = TrainProcess.Run(arguments);
        Assert.True(code == exitCode, $"exit code {code}: {error}{output}");
        Assert.Empty(output);
        Assert.Contains(mention, error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", error, StringComparison.Ordinal);
        Assert.Equal(1, error.Count(character => character == '\n'));
    }
}
