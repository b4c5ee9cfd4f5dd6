namespace Tercet.TorchSharp;

/// <summary>How <see cref="OnnxExport"/> writes a network.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>Name of the input. Default <c>input</c>.</summary>
    public string InputName { get; init; } = "input";

    /// <summary>Name of the output. Default <c>embedding</c>.</summary>
    public string OutputName { get; init; } = "embedding";

    /// <summary>
    /// For a network of one channel: take this many channels and begin with their mean, so that a grey-scale network can be given RGB images. Default 0: the
    /// network's own input.
    /// </summary>
    public int AveragedChannels { get; init; }

    /// <summary>Key and value pairs for the file's metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}
