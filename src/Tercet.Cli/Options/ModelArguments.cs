using System.CommandLine;
using Tercet.Cli.Commands;
using Tercet.Forward;
using Tercet.Imaging;

namespace Tercet.Cli.Options;

/// <summary>The options of verbs that run a model on images: which model, what it expects, where it runs.</summary>
internal sealed class ModelArguments
{
    private readonly Option<string> _preprocess = OptionOf.Path("--preprocess", "What the model expects of an image: the preset sface, or a JSON file. Default: the file MODEL.json beside the model, or what the model says itself.", helpName: "sface|FILE.json");
    private readonly Option<string> _align = OptionOf.Text("--align", "What part of an image to take: resize, center-crop or dlib-chip. Default: what --preprocess says, else resize.", "resize|center-crop|dlib-chip");
    private readonly Option<int?> _batch = Batch();
    private readonly Option<DeviceChoice?> _device = DeviceOption.Create();
    private readonly bool _isRequired;

    public ModelArguments(Command command, bool isRequired)
    {
        _isRequired = isRequired;
        Model = OptionOf.Path("--model", "The ONNX model.", required: isRequired);
        foreach (Option option in (Option[])[Model, _preprocess, _align, _batch, _device, Threads])
            command.Add(option);
    }

    public Option<string> Model { get; }

    public Option<int?> Threads { get; } = OptionOf.Count("--threads", "Threads to use; 0 means every processor. Default 0.", 0, 1024);

    /// <summary>The option that changes it.</summary>
    public static Option<int?> Batch() => OptionOf.Count("--batch", "Images to run at a time. Default 32, or 4 for each processor where that is more, up to 128.", 1, 4096);

    /// <summary>The model's file.</summary>
    /// <exception cref="UsageException">None was named.</exception>
    public string PathOf(ParseResult parse) =>
        (_isRequired ? parse.GetRequiredValue(Model) : parse.GetValue(Model)) ?? throw new UsageException("an image needs --model");

    /// <summary>How to open it for many images: a stream for each thread.</summary>
    public EmbedderOptions ForMany(ParseResult parse) => ForMany(ForOne(parse), parse.GetValue(Threads) ?? 0, parse.GetValue(_batch));

    /// <summary>The same of other options.</summary>
    /// <param name="options">What is said of the model.</param>
    /// <param name="threads">What <c>--threads</c> says.</param>
    /// <param name="batch">What <c>--batch</c> says.</param>
    public static EmbedderOptions ForMany(EmbedderOptions options, int threads, int? batch) => options with
    {
        Threads = threads == 1 ? 1 : 0,
        Streams = threads,
        MaxBatch = batch ?? EmbedderOptions.ForManyImages.MaxBatch,
    };

    /// <summary>How to open it for an image: all threads on the one.</summary>
    public EmbedderOptions ForOne(ParseResult parse) => new()
    {
        Device = parse.GetValue(_device) ?? DeviceChoice.Auto,
        Threads = parse.GetValue(Threads) ?? 0,
        MaxBatch = 1,
        WarmUp = false,
        Preprocessing = EmbedCommand.ReadPreprocessing(parse.GetValue(_preprocess), Align(parse), PathOf(parse)),
    };

    private Alignment? Align(ParseResult parse)
    {
        try
        {
            return parse.GetValue(_align) is { } name ? Alignment.Named(name) : null;
        }
        catch (ArgumentException failure)
        {
            throw new UsageException($"--align: {FailureText.Of(failure)}");
        }
    }
}
