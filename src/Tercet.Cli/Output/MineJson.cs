namespace Tercet.Cli.Output;

/// <summary>The answer of <c>mine --json</c>.</summary>
internal sealed record MineJson
{
    public required string Rule { get; init; }

    public required string Metric { get; init; }

    public required double Margin { get; init; }

    /// <summary>Number of anchors' rows.</summary>
    public required int N { get; init; }

    /// <summary>Number of gallery rows; null in the square form.</summary>
    public int? Gallery { get; init; }

    public required int D { get; init; }

    /// <summary>Number of rows written: triplets, or pairs under multi-similarity.</summary>
    public required long Triplets { get; init; }

    public required StatisticsJson Statistics { get; init; }

    public required MineTimings Timings { get; init; }

    /// <summary><c>cuda</c> or <c>cpu</c>: where distances were computed.</summary>
    public required string Device { get; init; }

    /// <summary>Why <c>auto</c> was the CPU where CUDA was tried; else null.</summary>
    public string? DeviceNote { get; init; }

    public required string Backend { get; init; }

    public required int Threads { get; init; }

    public string? Out { get; init; }
}
