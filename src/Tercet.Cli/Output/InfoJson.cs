namespace Tercet.Cli.Output;

/// <summary>The answer of <c>info --json</c>.</summary>
internal sealed record InfoJson
{
    public required string Path { get; init; }

    public required string Sha256 { get; init; }

    public required long FileBytes { get; init; }

    public required TensorJson Input { get; init; }

    public required TensorJson Output { get; init; }

    public required int Dimension { get; init; }

    /// <summary>dynamic, made-dynamic or one-by-one.</summary>
    public required string BatchMode { get; init; }

    public required string BatchNote { get; init; }

    public required string Device { get; init; }

    public required string Provider { get; init; }

    public string? DeviceNote { get; init; }

    /// <summary>Nodes by execution provider; null where that could not be recorded.</summary>
    public IReadOnlyDictionary<string, int>? Nodes { get; init; }

    /// <summary>Nodes that ran on the CPU though another device was in use.</summary>
    public required IReadOnlyList<string> CpuFallbacks { get; init; }

    public required string Producer { get; init; }

    public required string Graph { get; init; }

    public required long IrVersion { get; init; }

    public required long Opset { get; init; }

    /// <summary>The model's own key-value properties.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    public required string OnnxRuntime { get; init; }
}
