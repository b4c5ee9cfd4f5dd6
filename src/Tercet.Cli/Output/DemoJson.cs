namespace Tercet.Cli.Output;

/// <summary>The answer of <c>demo --json</c>.</summary>
internal sealed record DemoJson
{
    public required string Model { get; init; }

    public required int Faces { get; init; }

    public required int People { get; init; }

    public required double Margin { get; init; }

    public required double ImagesPerSecond { get; init; }

    public required string Provider { get; init; }

    /// <summary><c>cuda</c> or <c>cpu</c>: where distances were computed.</summary>
    public required string Device { get; init; }

    /// <summary>Why <c>auto</c> was the CPU where CUDA was tried; else null.</summary>
    public string? DeviceNote { get; init; }

    public required string Backend { get; init; }

    public required IReadOnlyList<DemoRuleJson> Rules { get; init; }

    /// <summary>The farthest pairs of one person.</summary>
    public required IReadOnlyList<DemoPairJson> FarthestSame { get; init; }

    /// <summary>The nearest pairs of two people.</summary>
    public required IReadOnlyList<DemoPairJson> NearestDifferent { get; init; }

    public required EvaluationJson Evaluation { get; init; }

    /// <summary>The published cosine threshold that <c>evaluation.at_threshold</c> is taken at, as a similarity.</summary>
    public required double CosineThreshold { get; init; }

    /// <summary>The picture.</summary>
    public required string Out { get; init; }
}
