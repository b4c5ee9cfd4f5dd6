using System.CommandLine;
using System.Diagnostics;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Mining;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet mine</c>: embeddings and labels in, triplets out.</summary>
internal sealed class MineCommand : Verb
{
    private const double DefaultEpsilon = 0.1;

    private readonly MiningArguments _arguments;
    private readonly Option<string> _gallery = OptionOf.Path(
        "--gallery",
        "Take positives and negatives from these rows instead; --embeddings are the anchors. A .npy file [G, D], with --gallery-labels (float32 is mapped, not read, and may be larger than memory; --normalize would copy it), "
        + "or a gallery's folder, of any size: without --embeddings its own rows are the anchors, --out names rows by id, and a run that was cut short goes on when it is run again.",
        helpName: "FILE|FOLDER");
    private readonly Option<string> _galleryLabels = OptionOf.Path("--gallery-labels", "The gallery's labels.");
    private readonly Option<double?> _epsilon = OptionOf.Number("--epsilon", "multi-similarity only: how much slack ε a pair is given. Default 0.1.");
    private readonly Option<StatisticsLevel?> _statistics = OptionOf.Choice(
        "--statistics",
        "full also counts all valid triplets as hard, semi-hard or easy, by one further call that is timed apart; selected does not. Default full.",
        "full|selected",
        ("full", StatisticsLevel.Full),
        ("selected", StatisticsLevel.Selected));

    private readonly Option<int?> _repeat = OptionOf.Count("--repeat", "Times to mine; mine_ms is the median. The counts of --statistics full are not part of it. Default 1.", 1, 1_000_000);
    private readonly Option<string> _out = OptionOf.Path(
        "--out", "Where to write: .npy is int64 [T, 3] (anchor, positive, negative), .csv adds the distances. multi-similarity writes pairs: -1 (.csv: nothing) stands for what is not meant.");

    public MineCommand()
        : base("mine", "Select triplets from embeddings under one of FaceNet's rules or their relatives. Rules all, hard, semihard and easy write the whole set of that kind.")
    {
        _arguments = new MiningArguments(this, RuleTable.Mining);
        _arguments.Embeddings.Required = _arguments.Labels.Required = false;
        foreach (Option option in (Option[])[_gallery, _galleryLabels, _epsilon, _statistics, _repeat, _out, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        RuleName rule = _arguments.Rule(parse);
        MiningOptions options = _arguments.Read(parse);
        MiningArguments.Refuse(parse, _epsilon, rule, RuleName.MultiSimilarity);
        string? gallery = parse.GetValue(_gallery);
        string? galleryLabels = parse.GetValue(_galleryLabels);
        string? path = parse.GetValue(_out);
        bool isFolder = gallery is not null && Directory.Exists(gallery);
        (string embeddings, string labels) = isFolder ? ("", "") : _arguments.Files(parse);
        if (path is null && !terminal.IsJson)
            throw new UsageException("--out is needed (or --json for the statistics alone)");
        if (path is not null && !TripletSink.IsKnown(path))
            throw new UsageException($"--out {path}: the name must end in .npy or .csv");
        if (isFolder)
        {
            foreach (Option option in (Option[])[_galleryLabels, _repeat])
            {
                if (parse.GetResult(option) is { Implicit: false })
                    throw new UsageException($"{option.Name} is not for a gallery's folder");
            }

            options = options with { Statistics = parse.GetValue(_statistics) ?? StatisticsLevel.Full };
            new GalleryMining(rule, options, rule == RuleName.MultiSimilarity ? parse.GetValue(_epsilon) ?? DefaultEpsilon : null, path).Run(parse, _arguments, gallery!, terminal, cancellationToken);
            return;
        }

        if (gallery is null != galleryLabels is null)
            throw new UsageException("--gallery and --gallery-labels go together");
        if (gallery is not null && Path.GetFullPath(gallery) == Path.GetFullPath(embeddings))
            throw new UsageException($"--gallery {gallery} is the file of --embeddings, and every anchor would be its own positive; leave --gallery out");

        using MiningDevice device = MiningDevice.Open(parse.GetValue(_arguments.Device));
        long start = Stopwatch.GetTimestamp();
        using MiningFiles files = MiningFiles.Load(embeddings, labels, gallery, galleryLabels);
        double loadMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        options = options with { NegativeOnlyLabel = files.Anchors.CodeOf(parse.GetValue(_arguments.NegativeOnlyLabel)) };
        MiningPlan plan = new(rule, options, parse.GetValue(_epsilon) ?? DefaultEpsilon, parse.GetValue(_repeat) ?? 1, parse.GetValue(_statistics) ?? StatisticsLevel.Full);
        using TripletSink sink = TripletSink.Open(path);
        MiningOutcome outcome = FailureText.About(files.Names, () => plan.Run(files, device.Backend, sink, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        sink.Complete();

        MineJson answer = new()
        {
            Rule = RuleTable.NameOf(rule),
            Metric = MetricOption.NameOf(options.Metric),
            Margin = options.Margin,
            N = files.Anchors.Matrix.Rows,
            Gallery = files.Gallery?.Rows.Height,
            D = files.Anchors.Matrix.Columns,
            Triplets = outcome.Statistics.Selected,
            Statistics = StatisticsJson.Of(outcome.Statistics),
            Timings = new MineTimings(loadMs, outcome.MineMs, outcome.StatisticsMs, sink.ElapsedMs),
            Device = device.Device,
            DeviceNote = device.Note,
            Backend = device.Backend.Name,
            Threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads,
            Out = path,
        };
        if (terminal.IsJson)
            Terminal.WriteJson(answer, JsonTypes.Default.MineJson);
        else
            MineTable.Write(terminal.Out, answer);
    }
}
