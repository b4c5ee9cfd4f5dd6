using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Extensions;
using Tercet.Forward;

namespace Tercet.Server.Options;

/// <summary>The options that say which model is served and how.</summary>
internal sealed class ModelSettings
{
    private readonly Option<string> _model = OptionOf.Path("--model", "The ONNX model.");
    private readonly Option<string> _name = OptionOf.Text("--name", "What the model is called in paths and answers. Default: the file's name without its extension.", "NAME");
    private readonly Option<string> _preprocess = OptionOf.Path("--preprocess", "What the model expects of an image: the preset sface, or a JSON file. Default: the file MODEL.json beside the model, or what the model says itself.", helpName: "sface|FILE.json");
    private readonly Option<string> _align = OptionOf.Text("--align", "What part of an image to take: resize, center-crop or dlib-chip. Needs --preprocess.", "resize|center-crop|dlib-chip");
    private readonly Option<DeviceChoice?> _device = DeviceOption.Create();
    private readonly Option<int?> _workers = OptionOf.Count("--workers", "Batches that run at the same time; 0 means one for each processor (two on a GPU). Default 0.", 0, 1024);
    private readonly Option<int?> _threads = OptionOf.Count("--threads", "Threads within one batch; 0 means the processors divided among the workers. Default 0.", 0, 1024);
    private readonly Option<int?> _maxBatch = OptionOf.Count("--max-batch", "Most requests of one batch. Default 32.", 1, 4096);
    private readonly Option<int?> _batch = OptionOf.Count("--batch", "Requests of one batch; 0 means what is measured to be best. Default 0.", 0, 4096);
    private readonly Option<double?> _batchWait = OptionOf.Number("--batch-wait", "Milliseconds that a batch waits for company. Default 0: it begins when a worker is free.", 0, 3_600_000);
    private readonly Option<int?> _queue = OptionOf.Count("--queue", "Most requests that wait for a place in a batch. Default 256.", 1, 1 << 20);
    private readonly Option<int?> _deadline = OptionOf.Count("--deadline", "Milliseconds that a request may wait for a place in a batch. Default 250.", 1, 3_600_000);

    public ModelSettings(Command command)
    {
        foreach (Option option in (Option[])[_model, _name, _preprocess, _align, _device, _workers, _threads, _maxBatch, _batch, _batchWait, _queue, _deadline])
            command.Add(option);
    }

    /// <summary>Changes what was given on the command line.</summary>
    public void Apply(ParseResult parse, TercetOptions options)
    {
        options.ModelPath = parse.GetValue(_model) ?? options.ModelPath;
        options.ModelName = parse.GetValue(_name) ?? options.ModelName;
        options.Preprocessing = parse.GetValue(_preprocess) ?? options.Preprocessing;
        options.Alignment = parse.GetValue(_align) ?? options.Alignment;
        options.Device = parse.GetValue(_device) ?? options.Device;
        options.Workers = parse.GetValue(_workers) ?? options.Workers;
        options.Threads = parse.GetValue(_threads) ?? options.Threads;
        options.MaxBatch = parse.GetValue(_maxBatch) ?? options.MaxBatch;
        options.BatchSize = parse.GetValue(_batch) ?? options.BatchSize;
        options.MaxBatchWait = parse.GetValue(_batchWait) is { } wait ? TimeSpan.FromMilliseconds(wait) : options.MaxBatchWait;
        options.QueueCapacity = parse.GetValue(_queue) ?? options.QueueCapacity;
        options.Deadline = parse.GetValue(_deadline) is { } deadline ? TimeSpan.FromMilliseconds(deadline) : options.Deadline;
    }
}
