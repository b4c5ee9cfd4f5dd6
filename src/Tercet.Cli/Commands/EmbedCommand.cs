using System.CommandLine;
using System.Diagnostics;
using Tercet.Cli.Input;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Forward;
using Tercet.Imaging;
using Tercet.Interchange;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet embed</c>: images in, embeddings out.</summary>
internal sealed class EmbedCommand : Verb
{
    private readonly Argument<string[]> _images = new("IMAGES")
    {
        Description = "Image files, folders (searched to the bottom for .jpg, .jpeg, .png and .webp), or patterns with * and **. The rows are in ordinal order of the paths.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _model = OptionOf.Path("--model", "The ONNX model.", required: true);
    private readonly Option<string> _out = OptionOf.Path("--out", "Where to write the embeddings: .npy, float32 [N, D].", required: true);
    private readonly Option<string> _preprocess = OptionOf.Path(
        "--preprocess", "What the model expects of an image: the preset sface, or a JSON file. Default: the file MODEL.json (model.onnx.json) beside the model, or what the model says itself.", helpName: "sface|FILE.json");

    private readonly Option<AlignmentName?> _align = OptionOf.Choice(
        "--align",
        "What part of an image to take: all of it, the middle, or the face of a 150 × 150 chip made by dlib. Default: what --preprocess says, else resize.",
        "resize|center-crop|dlib-chip",
        ("resize", AlignmentName.Resize),
        ("center-crop", AlignmentName.CenterCrop),
        ("dlib-chip", AlignmentName.DlibChip));

    private readonly Option<bool> _labelsFromFolder = OptionOf.Flag("--labels-from-folder", "Label every image by the name of its folder; with --labels-out.");
    private readonly Option<string> _labelsOut = OptionOf.Path("--labels-out", "Where to write the labels, one a line, in the order of the rows.");
    private readonly Option<string> _pathsOut = OptionOf.Path("--paths-out", "Where to write the images' paths, one a line, in the order of the rows.");
    private readonly Option<int?> _batch = ModelArguments.Batch();
    private readonly Option<DeviceChoice?> _device = DeviceOption.Create();
    private readonly Option<int?> _threads = OptionOf.Count("--threads", "Threads to use; 0 means every processor. Default 0.", 0, 1024);
    private readonly Option<ImageErrorAction?> _onError = OptionOf.Choice(
        "--on-error", "What to do with a file that is no readable image: leave it out and name it, or fail. Default skip.", "skip|fail", ("skip", ImageErrorAction.Skip), ("fail", ImageErrorAction.Fail));

    private readonly Option<bool> _normalize = OptionOf.Flag("--normalize", "Scale every embedding to unit length.");

    public EmbedCommand()
        : base("embed", "Turn images into embeddings with an ONNX model.")
    {
        Add(_images);
        foreach (Option option in (Option[])[_model, _out, _preprocess, _align, _labelsFromFolder, _labelsOut, _pathsOut, _batch, _device, _threads, _onError, _normalize, Json])
            Add(option);
    }

    private enum AlignmentName
    {
        Resize,
        CenterCrop,
        DlibChip,
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string path = parse.GetRequiredValue(_out);
        string? labelsOut = parse.GetValue(_labelsOut);
        string? pathsOut = parse.GetValue(_pathsOut);
        if (!path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--out {path}: the name must end in .npy");
        if (parse.GetValue(_labelsFromFolder) != labelsOut is not null)
            throw new UsageException("--labels-from-folder and --labels-out go together");

        EmbedderOptions model = new()
        {
            Device = parse.GetValue(_device) ?? DeviceChoice.Auto,
            Preprocessing = ReadPreprocessing(parse.GetValue(_preprocess), Align(parse), parse.GetRequiredValue(_model)),
        };
        EmbedderOptions options = ModelArguments.ForMany(model, parse.GetValue(_threads) ?? 0, parse.GetValue(_batch));
        ImageFiles files = ImageFiles.Find(parse.GetRequiredValue(_images));
        if (files.Ignored > 0)
            Terminal.Note($"{files.Ignored} files in the folders do not end like images and were not read");

        EmbedRun how = new()
        {
            OnError = parse.GetValue(_onError) ?? ImageErrorAction.Skip,
            Normalize = parse.GetValue(_normalize),
            DecodeThreads = options.Streams,
        };
        using ImageRun run = ImageRun.Run(parse.GetRequiredValue(_model), options, files.Paths, how, terminal, cancellationToken);
        foreach (SkippedImageJson skipped in run.Skipped)
            Terminal.Note($"skipped {skipped.Path}: {skipped.Reason}");

        cancellationToken.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        NpyFile.WriteMatrix(path, run.Rows.Span);
        if (labelsOut is not null)
            LabelFile.Write(labelsOut, [.. run.Paths.Select(FolderOf)]);
        if (pathsOut is not null)
            LabelFile.Write(pathsOut, run.Paths);
        double writeMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        EmbedJson answer = new()
        {
            Count = run.Rows.Rows,
            Skipped = run.Skipped,
            Dimension = run.Rows.Columns,
            ImagesPerSecond = run.Rows.Rows / (run.EmbedMs / 1000),
            BatchMode = DeviceOption.NameOf(run.Model.BatchMode),
            Device = DeviceOption.NameOf(run.Model.Device),
            Provider = run.Model.Provider,
            Normalized = parse.GetValue(_normalize),
            Timings = new EmbedTimings(run.LoadMs, run.EmbedMs, writeMs),
            Out = path,
            LabelsOut = labelsOut,
            PathsOut = pathsOut,
        };
        if (terminal.IsJson)
            Terminal.WriteJson(answer, JsonTypes.Default.EmbedJson);
        else
            Write(terminal, answer, run.Model);
    }

    private static string FolderOf(string path) =>
        Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path))) is { Length: > 0 } folder ? folder : throw new TercetException($"{path}: the file lies in no folder that could be its label");

    internal static Preprocessing? ReadPreprocessing(string? name, Alignment? alignment, string model)
    {
        // --align changes a description, so there must be one to change: the model's sidecar file if no other is named.
        string sidecar = model + ".json";
        Preprocessing? described = name switch
        {
            null when alignment is null => null,
            null => File.Exists(sidecar) ? Preprocessing.FromJsonFile(sidecar) : throw new UsageException($"--align needs --preprocess, since there is no {sidecar}"),
            _ when name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) => Preprocessing.FromJsonFile(name),
            _ => Preset(name),
        };
        return alignment is null || described is null ? described : described with { Alignment = alignment };
    }

    private static Preprocessing Preset(string name)
    {
        try
        {
            return Preprocessing.Preset(name);
        }
        catch (ArgumentException failure)
        {
            throw new UsageException($"--preprocess {name}: {FailureText.Of(failure)} A description of your own must end in .json");
        }
    }

    private static void Write(Terminal terminal, EmbedJson answer, ModelInfo model)
    {
        FactTable table = new();
        table.Add("embedded", $"{answer.Count:N0} images × {answer.Dimension}{(answer.Skipped.Count > 0 ? $", {answer.Skipped.Count:N0} skipped" : "")}");
        table.Add("model", model.Path);
        table.Add("device", model.DeviceNote is null ? model.Provider : $"{model.Provider} ({model.DeviceNote})");
        table.Add("batch", $"{answer.BatchMode}: {model.BatchNote}");
        table.Add("speed", $"{answer.ImagesPerSecond:F1} images a second");
        table.Add("time", $"load {answer.Timings.LoadMs:F0} ms, embed {answer.Timings.EmbedMs:F0} ms, write {answer.Timings.WriteMs:F0} ms");
        table.Add("written", string.Join(", ", ((string?[])[answer.Out, answer.LabelsOut, answer.PathsOut]).Where(file => file is not null)));
        table.Write(terminal.Out);
    }

    private Alignment? Align(ParseResult parse) => parse.GetValue(_align) switch
    {
        AlignmentName.Resize => Alignment.Resize,
        AlignmentName.CenterCrop => Alignment.CenterCrop,
        AlignmentName.DlibChip => Alignment.DlibChip,
        _ => null,
    };
}
