namespace Tercet.Cli.Output;

/// <summary>The answer of <c>index build --json</c>, <c>add</c> and <c>update</c>.</summary>
internal sealed record IndexImagesJson
{
    public required string Gallery { get; init; }

    public required long Rows { get; init; }

    /// <summary>The commit that has it all.</summary>
    public required long Generation { get; init; }

    public required int Added { get; init; }

    public required int Replaced { get; init; }

    public required int Unchanged { get; init; }

    public required IReadOnlyList<SkippedImageJson> Skipped { get; init; }

    /// <summary>Embedded images over the time of the whole run, without loading the model.</summary>
    public required double ImagesPerSecond { get; init; }

    public required double Seconds { get; init; }
}
