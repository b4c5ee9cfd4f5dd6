using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Tercet.Cli.Options;
using Tercet.Extensions;
using Tercet.Forward;
using Tercet.Load.Rates;
using Tercet.Load.Targets;

namespace Tercet.Load.Verbs;

/// <summary>One command of the load generator, and the options that they share: the model and how it is served. Progress goes to standard error, the result to standard output.</summary>
internal abstract class LoadVerb : Command
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private readonly Option<string> _model = OptionOf.Path("--model", "The ONNX model.", required: true);
    private readonly Option<string> _preprocess = OptionOf.Path("--preprocess", "What the model expects of an image, as for tercet-server.", helpName: "sface|FILE.json");
    private readonly Option<string> _align = OptionOf.Text("--align", "What part of an image to take, as for tercet-server.", "resize|center-crop|dlib-chip");
    private readonly Option<string> _images = OptionOf.Path("--images", "Send the image files below this folder. Default: samples in the model's own form, made from random bytes.", helpName: "FOLDER");
    private readonly Option<int?> _workers = OptionOf.Count("--workers", "Batches that run at the same time; 0 means one for each processor. Default 0.", 0, 1024);
    private readonly Option<int?> _batch = OptionOf.Count("--batch", "Requests of one batch; 0 means what is measured to be best. Default 0.", 0, 4096);
    private readonly Option<double?> _batchWait = OptionOf.Number("--batch-wait", "Milliseconds that a batch waits for company. Default: the service's.", 0, 3_600_000);
    private readonly Option<int?> _queue = OptionOf.Count("--queue", "Most requests that wait. Default 256.", 1, 1 << 20);
    private readonly Option<int?> _deadline = OptionOf.Count("--deadline", "Milliseconds that a request may wait for a place. Default 250.", 1, 3_600_000);
    private readonly Option<string> _server = OptionOf.Path("--server", "The tercet-server to start. Default: the one that was built with this program.");
    private readonly Option<bool> _json = OptionOf.Flag("--json", "Write the result as JSON instead of a table.");

    protected LoadVerb(string name, string description)
        : base(name, description)
    {
        SetAction((ParseResult _) => 0);
        foreach (Option option in (Option[])[_model, _preprocess, _align, _images, _workers, _batch, _batchWait, _queue, _deadline, _server, _json])
            Add(option);
    }

    /// <summary>Does the work.</summary>
    /// <returns>The exit code.</returns>
    public abstract Task<int> Execute(ParseResult parse);

    protected static void Say(string text) => Console.Error.WriteLine("tercet-load: " + text);

    protected string? Server(ParseResult parse) => parse.GetValue(_server);

    protected string ImagesFolder(ParseResult parse) => parse.GetValue(_images) ?? throw new Cli.UsageException("--images is missing");

    protected bool HasImages(ParseResult parse) => parse.GetValue(_images) is not null;

    /// <summary>The images, or so many random samples.</summary>
    protected Inputs InputsOf(ParseResult parse, int samples, int length) => parse.GetValue(_images) is { } folder ? Inputs.FromFolder(folder) : Inputs.Random(samples, length);

    protected TercetOptions ServiceOptions(ParseResult parse)
    {
        TercetOptions options = new() { ModelPath = parse.GetValue(_model)!, Device = DeviceChoice.Cpu };
        options.Preprocessing = parse.GetValue(_preprocess) ?? options.Preprocessing;
        options.Alignment = parse.GetValue(_align) ?? options.Alignment;
        options.Workers = parse.GetValue(_workers) ?? options.Workers;
        options.BatchSize = parse.GetValue(_batch) ?? options.BatchSize;
        options.MaxBatchWait = parse.GetValue(_batchWait) is { } wait ? TimeSpan.FromMilliseconds(wait) : options.MaxBatchWait;
        options.QueueCapacity = parse.GetValue(_queue) ?? options.QueueCapacity;
        options.Deadline = parse.GetValue(_deadline) is { } milliseconds ? TimeSpan.FromMilliseconds(milliseconds) : options.Deadline;
        return options;
    }

    /// <summary>The same as a server takes it, and no limit of its own on requests at the same time.</summary>
    protected static List<string> ServerArguments(TercetOptions options)
    {
        static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            "--model", options.ModelPath, "--name", "model", "--device", "cpu", "--workers", Text(options.Workers), "--batch", Text(options.BatchSize),
            "--batch-wait", Text(options.MaxBatchWait.TotalMilliseconds), "--queue", Text(options.QueueCapacity), "--deadline", Text(options.Deadline.TotalMilliseconds), "--concurrency", "65536",
        ];
        if (options.Preprocessing.Length > 0)
            arguments.AddRange(["--preprocess", options.Preprocessing]);
        if (options.Alignment.Length > 0)
            arguments.AddRange(["--align", options.Alignment]);
        return arguments;
    }

    protected async Task<ITarget> Open(ParseResult parse, bool isServer, int samples)
    {
        TercetOptions options = ServiceOptions(parse);
        if (!isServer)
            return new EngineTarget(options, embedder => InputsOf(parse, samples, embedder.InputLength));
        ServerProcess server = await ServerProcess.Start(Server(parse), ServerArguments(options));
        return await ServerTarget.Connect(server, "model", length => InputsOf(parse, samples, length));
    }

    protected void Write<T>(ParseResult parse, T result, Func<T, string> table) =>
        Console.WriteLine(parse.GetValue(_json) ? JsonSerializer.Serialize(result, Json) : table(result));

    /// <summary>The marks as a table.</summary>
    protected static string Table(IEnumerable<Mark> marks) => new MarkdownTable("", "measured", "at most", "kept")
        .Add(marks.Select(mark => (object[])[mark.What, mark.Measured, mark.Most, mark.IsKept ? "yes" : "**no**"])).ToString();
}
