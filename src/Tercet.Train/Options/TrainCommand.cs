using System.CommandLine;
using Tercet.Cli;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Mining;
using Tercet.Train.Example;

namespace Tercet.Train.Options;

/// <summary>The options of <c>tercet-train</c>, and what they decide.</summary>
internal sealed class TrainCommand : Command
{
    private static readonly TrainingOptions Default = new() { Data = "" };

    private readonly Option<string> _data = OptionOf.Path("--data", "What to train on: a folder of images, one subfolder an identity, or an IDX file of images (…images-idx3-ubyte, plain or .gz) with its labels beside it.", helpName: "PATH");
    private readonly Option<string> _out = OptionOf.Path("--out", "The run's folder: checkpoints, log.csv, TensorBoard's events, model.onnx. Must not hold a run already.", helpName: "FOLDER");
    private readonly Option<string> _resume = OptionOf.Path("--resume", "Go on with an interrupted run from its newest whole checkpoint, to the same weights bit for bit as without the interruption (same number of threads). Only --steps and --json may stand beside it.", helpName: "FOLDER");
    private readonly Option<string> _example = OptionOf.Path("--example", "Write the built-in example model, drawings of 28 x 28 pixels to 64 numbers, and the description of its input beside it, and end.");
    private readonly Option<string> _validation = OptionOf.Path("--validation", "What to validate on, in the same form.", helpName: "PATH");
    private readonly Option<int?> _validationIdentities = OptionOf.Count("--validation-identities", "Instead: keep so many identities of the data, drawn by the seed, from training. Default 0.", 0);
    private readonly Option<int?> _validationRows = OptionOf.Count("--validation-rows", "Most images to validate on, the same number of each identity. Default 2000.", 4);
    private readonly Option<int?> _validateEvery = OptionOf.Count("--validate-every", "Steps between validations. Default 50.", 1);
    private readonly Option<int?> _size = OptionOf.Count("--size", "Side of the square that images of a folder are resized to. Default 64.", 8, 512);
    private readonly Option<bool> _grey = OptionOf.Flag("--grey", "Drop the colours of a folder's images.");
    private readonly Option<int?> _dimension = OptionOf.Count("--dimension", "Dimension of the embedding. Default 64.", 2, 4096);
    private readonly Option<int?> _channels = OptionOf.Count("--channels", "Channels of the first convolution; later ones have twice as many. Default 32.", 1, 1024);
    private readonly Option<int?> _identities = OptionOf.Count("--identities", "Identities a batch. Default 30.", 2);
    private readonly Option<int?> _perIdentity = OptionOf.Count("--per-identity", "Images of each, FaceNet's about 40. Default 40.", 2);
    private readonly Option<int?> _randomNegatives = OptionOf.Count("--random-negatives", "Random negatives beside them. Default 600, which makes 1,800 images.", 0);
    private readonly Option<MiningMode?> _mining = OptionOf.Choice("--mining", "online: from each batch; offline: from a subset embedded anew every --refresh-every steps. Default online.", "online|offline", ("online", MiningMode.Online), ("offline", MiningMode.Offline));
    private readonly Option<TrainingRule?> _rule = OptionOf.Choice(
        "--rule",
        "Which triplets. hard-negative and batch-hard are guarded: a collapse switches to semi-hard. Default semi-hard.",
        "RULE",
        ("semi-hard", TrainingRule.SemiHard),
        ("hard-negative", TrainingRule.HardNegative),
        ("batch-hard", TrainingRule.BatchHard),
        ("random-semi-hard", TrainingRule.RandomSemiHard),
        ("random-hard", TrainingRule.RandomHard),
        ("distance-weighted", TrainingRule.DistanceWeighted),
        ("random", TrainingRule.Random),
        ("batch-all", TrainingRule.BatchAll));

    private readonly Option<LossForm?> _loss = OptionOf.Choice("--loss", "hinge: max(0, d(a,p) - d(a,n) + margin); soft-margin: ln(1 + exp(d(a,p) - d(a,n))). Default hinge.", "hinge|soft-margin", ("hinge", LossForm.Hinge), ("soft-margin", LossForm.SoftMargin));
    private readonly Option<DistanceMetric?> _metric = MetricOption.Create();
    private readonly Option<double?> _margin = OptionOf.Number("--margin", "The margin in the metric's unit. Default 0.2.");
    private readonly Option<int?> _refreshEvery = OptionOf.Count("--refresh-every", "Offline: steps between refreshes. Default 50.", 1);
    private readonly Option<int?> _refreshSubset = OptionOf.Count("--refresh-subset", "Offline: images that a refresh embeds. Default 5000.", 3);
    private readonly Option<bool> _noGuard = OptionOf.Flag("--no-guard", "Do not switch the rule when the embeddings collapse.");
    private readonly Option<double?> _collapseThreshold = OptionOf.Number("--collapse-threshold", "Spread at or below which a batch counts as collapsed; three in a row are a collapse. Default 0.05.", 0, 1);
    private readonly Option<int?> _steps = OptionOf.Count("--steps", "Steps in all. Default 1000.", 1);
    private readonly Option<double?> _learningRate = OptionOf.Number("--learning-rate", "Adam's, at its highest. Default 0.001.");
    private readonly Option<LearningRateSchedule?> _schedule = OptionOf.Choice("--schedule", "How the learning rate falls. Default cosine.", "cosine|constant|steps", ("cosine", LearningRateSchedule.Cosine), ("constant", LearningRateSchedule.Constant), ("steps", LearningRateSchedule.Steps));
    private readonly Option<int?> _warmUp = OptionOf.Count("--warm-up", "Steps over which it rises from 0. Default 0.", 0);
    private readonly Option<int?> _checkpointEvery = OptionOf.Count("--checkpoint-every", "Steps between checkpoints; the newest three are kept. Default 50.", 1);
    private readonly Option<ulong?> _seed = OptionOf.Seed("--seed", "Seed of everything random. Default 0.");
    private readonly Option<int?> _threads = OptionOf.Count("--threads", "Threads to use; 0 means every processor. Default 0.", 0, 1024);

    public TrainCommand()
        : base("tercet-train", "Train an embedding network with mined triplets, online and offline, as FaceNet does. Ctrl-C saves a checkpoint and ends.")
    {
        foreach (Option option in All)
            Add(option);
        Add(_example);
        Add(Json);
        SetAction((ParseResult _) => ExitCode.Ok);
    }

    /// <summary>Whether to answer with one JSON object.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON object on standard output instead of a table." };

    private Option[] All =>
    [
        _data, _out, _resume, _validation, _validationIdentities, _validationRows, _validateEvery, _size, _grey, _dimension, _channels, _identities, _perIdentity,
        _randomNegatives, _mining, _rule, _loss, _metric, _margin, _refreshEvery, _refreshSubset, _noGuard, _collapseThreshold, _steps, _learningRate, _schedule,
        _warmUp, _checkpointEvery, _seed, _threads,
    ];

    /// <summary>Does the work.</summary>
    /// <returns>Whether it was done to its end; false when it was interrupted.</returns>
    /// <exception cref="UsageException">The options contradict each other.</exception>
    public bool Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        if (parse.GetValue(_example) is { } model)
        {
            Option? beside = Array.Find(All, option => parse.GetResult(option) is { Implicit: false });
            if (beside is not null)
                throw new UsageException($"{beside.Name} cannot stand beside --example, which trains nothing");
            ExampleModel.Write(model);
            return true;
        }

        if (parse.GetValue(_resume) is { } folder)
        {
            Option? other = All.FirstOrDefault(option => option != _resume && option != _steps && parse.GetResult(option) is { Implicit: false });
            if (other is not null)
                throw new UsageException($"{other.Name} cannot stand beside --resume: a resumed run takes its options from its checkpoint");
            return TrainSession.Resume(folder, parse.GetValue(_steps), terminal, cancellationToken);
        }

        string data = parse.GetValue(_data) ?? throw new UsageException("--data is needed (or --resume)");
        string path = parse.GetValue(_out) ?? throw new UsageException("--out is needed");
        return TrainSession.Begin(path, Read(parse, data), terminal, cancellationToken);
    }

    private TrainingOptions Read(ParseResult parse, string data)
    {
        TrainingOptions options = new()
        {
            Data = data,
            Validation = parse.GetValue(_validation),
            ValidationIdentities = parse.GetValue(_validationIdentities) ?? 0,
            ValidationRows = parse.GetValue(_validationRows) ?? Default.ValidationRows,
            ValidateEvery = parse.GetValue(_validateEvery) ?? Default.ValidateEvery,
            Size = parse.GetValue(_size) ?? Default.Size,
            Grey = parse.GetValue(_grey),
            Dimension = parse.GetValue(_dimension) ?? Default.Dimension,
            Channels = parse.GetValue(_channels) ?? Default.Channels,
            Identities = parse.GetValue(_identities) ?? Default.Identities,
            PerIdentity = parse.GetValue(_perIdentity) ?? Default.PerIdentity,
            RandomNegatives = parse.GetValue(_randomNegatives) ?? Default.RandomNegatives,
            Mining = parse.GetValue(_mining) ?? Default.Mining,
            Rule = parse.GetValue(_rule) ?? Default.Rule,
            Loss = parse.GetValue(_loss) ?? Default.Loss,
            Metric = parse.GetValue(_metric) ?? Default.Metric,
            Margin = parse.GetValue(_margin) ?? Default.Margin,
            RefreshEvery = parse.GetValue(_refreshEvery) ?? Default.RefreshEvery,
            RefreshSubset = parse.GetValue(_refreshSubset) ?? Default.RefreshSubset,
            Guard = !parse.GetValue(_noGuard),
            CollapseThreshold = parse.GetValue(_collapseThreshold) ?? Default.CollapseThreshold,
            Steps = parse.GetValue(_steps) ?? Default.Steps,
            LearningRate = parse.GetValue(_learningRate) ?? Default.LearningRate,
            Schedule = parse.GetValue(_schedule) ?? Default.Schedule,
            WarmUpSteps = parse.GetValue(_warmUp) ?? Default.WarmUpSteps,
            CheckpointEvery = parse.GetValue(_checkpointEvery) ?? Default.CheckpointEvery,
            Seed = parse.GetValue(_seed) ?? Default.Seed,
            Threads = parse.GetValue(_threads) ?? Default.Threads,
        };
        if (options is { Validation: not null, ValidationIdentities: > 0 })
            throw new UsageException("--validation and --validation-identities exclude each other");
        if (options is { Rule: TrainingRule.BatchAll, Loss: LossForm.SoftMargin })
            throw new UsageException("--loss soft-margin needs triplets that were selected; batch-all lists none");
        if (options is { Rule: TrainingRule.BatchAll, Mining: MiningMode.Offline })
            throw new UsageException("--mining offline makes a list of triplets; batch-all lists none");
        return options;
    }
}
