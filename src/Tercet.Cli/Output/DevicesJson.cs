namespace Tercet.Cli.Output;

/// <summary>The answer of <c>devices --json</c>.</summary>
internal sealed record DevicesJson
{
    /// <summary><c>cuda</c> or <c>cpu</c>: what <c>--device</c> leads to for mining.</summary>
    public required string Device { get; init; }

    /// <summary>Why <c>auto</c> is the CPU where CUDA was tried; else null.</summary>
    public string? DeviceNote { get; init; }

    /// <summary>Where mining runs.</summary>
    public required string MiningBackend { get; init; }

    /// <summary>The vector width in use.</summary>
    public required string Lanes { get; init; }

    /// <summary>The widths that this processor runs, widest first.</summary>
    public required IReadOnlyList<string> SupportedLanes { get; init; }

    public required int Processors { get; init; }

    public required string Architecture { get; init; }

    public required string System { get; init; }

    public required string Runtime { get; init; }

    public required string OnnxRuntime { get; init; }

    public required IReadOnlyList<string> OnnxProviders { get; init; }
}
