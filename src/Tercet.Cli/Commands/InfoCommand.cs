using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Forward;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet info</c>: what a model is and how it would run here.</summary>
internal sealed class InfoCommand : Verb
{
    private readonly Option<string> _model = OptionOf.Path("--model", "The ONNX model.", required: true);
    private readonly Option<DeviceChoice?> _device = DeviceOption.Create();

    public InfoCommand()
        : base("info", "Show what a model is (inputs, outputs, dimension, metadata) and how it runs here (batching, device, which nodes run where).")
    {
        Add(_model);
        Add(_device);
        Add(Json);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        EmbedderOptions options = new() { Device = parse.GetValue(_device) ?? DeviceChoice.Auto, MaxBatch = 2, WarmUp = false };
        using OnnxEmbedder embedder = OnnxEmbedder.Load(parse.GetRequiredValue(_model), options);
        ModelInfo info = embedder.Info;
        if (terminal.IsJson)
            Terminal.WriteJson(Describe(info), JsonTypes.Default.InfoJson);
        else
            Write(terminal, info);
    }

    private static InfoJson Describe(ModelInfo info) => new()
    {
        Path = info.Path,
        Sha256 = info.Sha256,
        FileBytes = info.FileBytes,
        Input = Describe(info.Input),
        Output = Describe(info.Output),
        Dimension = info.Dimension,
        BatchMode = DeviceOption.NameOf(info.BatchMode),
        BatchNote = info.BatchNote,
        Device = DeviceOption.NameOf(info.Device),
        Provider = info.Provider,
        DeviceNote = info.DeviceNote,
        Nodes = info.Placement.IsKnown ? info.Placement.NodesPerProvider : null,
        CpuFallbacks = info.Placement.CpuFallbacks,
        Producer = info.Metadata.Producer,
        Graph = info.Metadata.GraphName,
        IrVersion = info.Metadata.IrVersion,
        Opset = info.Metadata.Opset,
        Metadata = info.Metadata.Custom,
        OnnxRuntime = info.RuntimeVersion,
    };

    private static TensorJson Describe(TensorDescription tensor) => new(tensor.Name, tensor.ElementType, tensor.Dimensions);

    private static void Write(Terminal terminal, ModelInfo info)
    {
        FactTable table = new();
        table.Add("model", info.Path);
        table.Add("size", $"{info.FileBytes:N0} bytes");
        table.Add("SHA-256", info.Sha256);
        table.Add("input", info.Input.ToString());
        table.Add("output", info.Output.ToString());
        table.Add("embedding", $"{info.Dimension} dimensions{(info.Tokens > 1 ? $", {info.Tokens} tokens pooled by {info.Pooling}" : "")}");
        table.Add("batch", $"{DeviceOption.NameOf(info.BatchMode)}: {info.BatchNote}");
        table.Add("device", info.DeviceNote is null ? info.Provider : $"{info.Provider} ({info.DeviceNote})");
        foreach ((string provider, int nodes) in info.Placement.NodesPerProvider)
            table.Add($"nodes on {provider}", $"{nodes}");
        if (!info.Placement.CpuFallbacks.IsEmpty)
            table.Add("fallen back to the CPU", string.Join(", ", info.Placement.CpuFallbacks));
        table.Add("producer", $"{info.Metadata.Producer}, opset {info.Metadata.Opset}, IR version {info.Metadata.IrVersion}");
        foreach ((string key, string value) in info.Metadata.Custom)
            table.Add(key, value);
        table.Add("ONNX Runtime", info.RuntimeVersion);
        table.Write(terminal.Out);
    }
}
