using Tercet.Train.Checkpoints;
using Tercet.Train.Data;
using Tercet.Train.Learning;
using Tercet.Train.Tests.Data;

namespace Tercet.Train.Tests.Checkpoints;

public sealed class CheckpointTests
{
    [Fact]
    public void Read_CutOrChangedAnywhere_IsRefused()
    {
        using Folder folder = new();
        string path = Path.Combine(folder.Path, "one.ckpt");
        CheckpointFile.Write(path, Capture(folder, steps: 1));
        byte[] whole = File.ReadAllBytes(path);
        Random random = new(2);

        for (int trial = 0; trial < 50; trial++)
        {
            int at = random.Next(whole.Length);
            byte[] changed = [.. whole];
            changed[at] ^= 0x10;
            File.WriteAllBytes(path, trial % 2 == 0 ? whole[..at] : changed);
            Assert.Throws<InvalidFileException>(() => CheckpointFile.Read(path));
        }

        File.WriteAllBytes(path, whole);
        Assert.Equal(1, CheckpointFile.Read(path).Header.Step);
    }

    [Fact]
    public void Newest_TornNewest_FallsBackAndSaysSo()
    {
        using Folder folder = new();
        CheckpointFolder checkpoints = new(folder.Path);
        for (int steps = 1; steps <= 5; steps++)
            checkpoints.Write(Capture(folder, steps));
        string[] files = [.. Directory.GetFiles(folder.Path, "*.ckpt").Order(StringComparer.Ordinal)];
        File.WriteAllBytes(files[^1], File.ReadAllBytes(files[^1])[..1000]);
        File.WriteAllBytes(Path.Combine(folder.Path, ".step-00000006.ckpt.abc.tmp"), [1, 2]);
        List<string> refused = [];

        Checkpoint newest = checkpoints.Newest(refused.Add);

        Assert.Equal(["step-00000003.ckpt", "step-00000004.ckpt", "step-00000005.ckpt"], files.Select(Path.GetFileName));
        Assert.Equal(4, newest.Header.Step);
        Assert.Contains("step-00000005.ckpt: is torn", Assert.Single(refused), StringComparison.Ordinal);
        checkpoints.Write(Capture(folder, 6));
        Assert.Empty(Directory.GetFiles(folder.Path, ".step*"));
    }

    [Fact]
    public void Newest_NoneWhole_IsAnError()
    {
        using Folder folder = new();
        File.WriteAllBytes(Path.Combine(folder.Path, "step-00000001.ckpt"), [1]);

        Assert.Contains("no whole checkpoint", Assert.Throws<TercetException>(() => new CheckpointFolder(folder.Path).Newest(_ => { })).Message, StringComparison.Ordinal);
    }

    private static Checkpoint Capture(Folder folder, int steps)
    {
        string data = Directory.CreateDirectory(Path.Combine(folder.Path, "data")).FullName;
        TrainingOptions options = SmallData.Options with { Data = SmallData.Write(data) };
        using TrainingRun run = new(options, TrainingData.Load(options), data);
        Checkpoint checkpoint = run.Capture("data");
        return checkpoint with { Header = checkpoint.Header with { Step = steps } };
    }
}
