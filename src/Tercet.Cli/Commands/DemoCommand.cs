using System.CommandLine;
using Tercet.Cli.Demo;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Evaluation;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Interchange;
using Tercet.Mining;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet demo</c>: the whole way from real faces to mined triplets, with tables and a picture to look at.</summary>
internal sealed class DemoCommand : Verb
{
    /// <summary>The cosine similarity from which SFace takes two faces for one person, as OpenCV's model zoo publishes it.</summary>
    private const double CosineThreshold = 0.363;

    // SFace keeps these faces apart by more than FaceNet's 0.2, so that nothing would be semi-hard there.
    private const double DefaultMargin = 1.0;
    private const int PairsShown = 5;

    private readonly Option<string> _assets = OptionOf.Path(
        "--assets", "The folder with sface.onnx and faces/PERSON/*.jpg. Default: .cache/tercet here or in a folder above, where bench/assets.sh leaves them.", helpName: "FOLDER");

    private readonly Option<double?> _margin = OptionOf.Number("--margin", "The margin α, in squared distance. Default 1, since SFace keeps these faces farther apart than FaceNet's 0.2.");
    private readonly Option<DeviceChoice?> _device = DeviceOption.Create("the model runs and distances are computed");
    private readonly Option<int?> _threads = OptionOf.Count("--threads", "Threads to use; 0 means every processor. Default 0.", 0, 1024);
    private readonly Option<string> _out = OptionOf.Path("--out", "Where to draw the picture, a .png file. Default tercet-demo.png.");

    public DemoCommand()
        : base("demo", "Embed 55 real faces with SFace, mine them with every rule, evaluate, and draw the hardest triplets.")
    {
        foreach (Option option in (Option[])[_assets, _margin, _device, _threads, _out, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string path = parse.GetValue(_out) ?? "tercet-demo.png";
        if (!path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--out {path}: the name must end in .png");
        double margin = parse.GetValue(_margin) ?? DefaultMargin;
        int threads = parse.GetValue(_threads) ?? 0;

        using MiningDevice device = MiningDevice.Open(parse.GetValue(_device));
        DemoAssets assets = DemoAssets.Find(parse.GetValue(_assets));
        EmbedderOptions model = new()
        {
            Device = parse.GetValue(_device) ?? DeviceChoice.Auto,
            Preprocessing = Preprocessing.Preset("sface") with { Alignment = Alignment.DlibChip },
        };
        EmbedderOptions embedding = ModelArguments.ForMany(model, threads, batch: null);
        using ImageRun run = ImageRun.Run(assets.Model, embedding, assets.Faces, new EmbedRun { Normalize = true, DecodeThreads = threads }, terminal, cancellationToken);
        FaceSet faces = new(run.Rows, run.Paths);

        using TripletMiner miner = new(device.Backend);
        RuleRace race = new(miner, faces, margin, threads);
        EvaluationOptions evaluation = new() { Threshold = 2 * (1 - CosineThreshold) };
        DemoJson answer = new()
        {
            Model = assets.Model,
            Faces = run.Rows.Rows,
            People = faces.Encoder.Names.Count,
            Margin = margin,
            ImagesPerSecond = run.Rows.Rows / (run.EmbedMs / 1000),
            Provider = run.Model.Provider,
            Rules = race.Run(cancellationToken),
            Device = device.Device,
            DeviceNote = device.Note,
            Backend = device.Backend.Name,
            FarthestSame = race.HardestPairs(same: true, PairsShown, cancellationToken),
            NearestDifferent = race.HardestPairs(same: false, PairsShown, cancellationToken),
            Evaluation = EvaluationJson.Of(EvaluationReport.FromEmbeddings(run.Rows.Span, faces.Labels, evaluation, cancellationToken)),
            CosineThreshold = CosineThreshold,
            Out = path,
        };
        byte[] picture = DemoPage.Draw(faces, race, answer, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        AtomicFile.Write(path, stream => stream.Write(picture));
        if (terminal.IsJson)
            Terminal.WriteJson(answer, JsonTypes.Default.DemoJson);
        else
            DemoTables.Write(terminal.Out, answer);
    }
}
