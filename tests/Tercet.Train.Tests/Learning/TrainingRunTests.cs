using Tercet.Forward;
using Tercet.TorchSharp;
using Tercet.Train.Checkpoints;
using Tercet.Train.Data;
using Tercet.Train.Learning;
using Tercet.Train.Tests.Data;
using Tercet.Train.Tests.TorchSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.Train.Tests.Learning;

public sealed class TrainingRunTests
{
    [Theory]
    [InlineData((int)MiningMode.Online, (int)TrainingRule.SemiHard, (int)LossForm.Hinge)]
    [InlineData((int)MiningMode.Online, (int)TrainingRule.Random, (int)LossForm.Hinge)]
    [InlineData((int)MiningMode.Online, (int)TrainingRule.BatchHard, (int)LossForm.SoftMargin)]
    [InlineData((int)MiningMode.Online, (int)TrainingRule.BatchAll, (int)LossForm.Hinge)]
    [InlineData((int)MiningMode.Offline, (int)TrainingRule.SemiHard, (int)LossForm.Hinge)]
    public void Restore_AnyStep_GoesOnBitForBit(int mining, int rule, int loss)
    {
        using Folder folder = new();
        TrainingOptions options = SmallData.Options with { Data = SmallData.Write(folder.Path), Mining = (MiningMode)mining, Rule = (TrainingRule)rule, Loss = (LossForm)loss };
        TrainingData data = TrainingData.Load(options);
        using TrainingRun whole = new(options, data, folder.Path);
        List<(double, long)> losses = [];
        Checkpoint? middle = null;
        while (whole.Step < 8)
        {
            if (whole.Step == 4)
                middle = whole.Capture("");
            StepReport report = whole.Advance();
            losses.Add((report.Loss, report.Triplets));
        }

        string path = Path.Combine(folder.Path, "middle.ckpt");
        CheckpointFile.Write(path, middle!);
        using TrainingRun resumed = new(options, data, folder.Path);
        resumed.Advance();
        resumed.Restore(CheckpointFile.Read(path));
        List<(double, long)> again = [];
        while (resumed.Step < 8)
        {
            StepReport report = resumed.Advance();
            again.Add((report.Loss, report.Triplets));
        }

        Assert.Equal(losses.Skip(4), again);
        Assert.Equal(Weights.Digest(whole.Network), Weights.Digest(resumed.Network));
        Assert.Equal(8, losses.Distinct().Count());
    }

    [Fact]
    public void Advance_SemiHard_LearnsToTellUnseenImages()
    {
        using Folder folder = new();
        using Folder unseen = new();
        TrainingOptions options = SmallData.Options with
        {
            Data = SmallData.Write(folder.Path, noise: 0.55),
            Validation = SmallData.Write(unseen.Path, noise: 0.55, seed: 2),
            Steps = 100,
            LearningRate = 0.01,
        };
        using TrainingRun run = new(options, TrainingData.Load(options), folder.Path);

        double before = run.Validate()!.MapAtR;
        while (run.Step < options.Steps)
            run.Advance();

        Assert.InRange(run.Validate()!.MapAtR, before + 0.1, 1);
    }

    [Fact]
    public void Advance_HardNegativeAtAHighRate_CollapsesIsCaughtWithin20StepsAndRecovers()
    {
        using Folder folder = new();
        TrainingOptions options = SmallData.Options with
        {
            Data = SmallData.Write(folder.Path, noise: 0.8),
            ValidationIdentities = 0,
            Identities = 10,
            PerIdentity = 12,
            RandomNegatives = 0,
            Dimension = 32,
            Rule = TrainingRule.HardNegative,
            LearningRate = 0.02,
            Schedule = LearningRateSchedule.Constant,
            Steps = 500,
        };
        using TrainingRun run = new(options, TrainingData.Load(options), folder.Path);
        List<StepReport> steps = [];

        while (run.Step < options.Steps)
            steps.Add(run.Advance());

        StepReport caught = Assert.Single(steps, step => step.Switched);
        Assert.InRange(caught.Step, 2, 20);
        Assert.Equal(caught.Step, run.SwitchedAt);
        Assert.All(steps, step => Assert.Equal(step.Step <= caught.Step ? TrainingRule.HardNegative : TrainingRule.SemiHard, step.Rule));
        Assert.InRange(steps[^1].Spread, 0.5, 2);
    }

    [Fact]
    public void Advance_AnyRule_ReportsTheSameSpreadOfTheSameRows()
    {
        using Folder folder = new();
        TrainingOptions options = SmallData.Options with { Data = SmallData.Write(folder.Path) };
        TrainingData data = TrainingData.Load(options);

        double[] spreads =
        [
            .. Enum.GetValues<TrainingRule>().Select(rule =>
            {
                using TrainingRun run = new(options with { Rule = rule }, data, folder.Path);
                return run.Advance().Spread;
            }),
        ];

        Assert.InRange(spreads[0], 0.05, 1.2);
        Assert.All(spreads, spread => Assert.Equal(spreads[0], spread, 1e-9));
    }

    [Fact]
    public void Create_TrainedNetwork_IsTheSameInOnnxRuntime()
    {
        using Folder folder = new();
        using IDisposable scope = NewDisposeScope();
        TrainingOptions options = SmallData.Options with { Data = SmallData.Write(folder.Path) };
        TrainingData data = TrainingData.Load(options);
        using TrainingRun run = new(options, data, folder.Path);
        while (run.Step < 5)
            run.Advance();
        string path = Path.Combine(folder.Path, "trained.onnx");

        OnnxExport.Save(run.Network, [1, 8, 8], path);

        run.Network.eval();
        Tensor images = Validator.ToTensor(data.Train, [.. Enumerable.Range(0, 50)]);
        using OnnxEmbedder embedder = OnnxEmbedder.Load(path);
        float[,] embeddings = new float[50, 8];
        embedder.Embed(images.data<float>().ToArray(), 50, embeddings);
        Assert.InRange(TorchData.Gap(run.Network.call(images), torch.tensor(embeddings)), 0, 1e-4);
    }

    [Fact]
    public void TrainingRun_TooFewIdentities_SaysHowMany()
    {
        using Folder folder = new();
        TrainingOptions options = SmallData.Options with { Data = SmallData.Write(folder.Path), Identities = 10 };

        TercetException failure = Assert.Throws<TercetException>(() => new TrainingRun(options, TrainingData.Load(options), folder.Path));

        Assert.Contains("Only 9 identities", failure.Message, StringComparison.Ordinal);
    }
}
