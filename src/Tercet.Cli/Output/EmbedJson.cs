namespace Tercet.Cli.Output;

/// <summary>The answer of <c>embed --json</c>.</summary>
internal sealed record EmbedJson
{
    /// <summary>Rows written.</summary>
    public required int Count { get; init; }

    public required IReadOnlyList<SkippedImageJson> Skipped { get; init; }

    public required int Dimension { get; init; }

    /// <summary>Embedded images over the time from the first decoded byte to the last embedding.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>dynamic, made-dynamic or one-by-one.</summary>
    public required string BatchMode { get; init; }

    public required string Device { get; init; }

    public required string Provider { get; init; }

    public required bool Normalized { get; init; }

    public required EmbedTimings Timings { get; init; }

    public required string Out { get; init; }

    public string? LabelsOut { get; init; }

    public string? PathsOut { get; init; }
}
