namespace Tercet.Cli.Output;

/// <summary>The answer of <c>loss --json</c>.</summary>
internal sealed record LossJson
{
    public required string Rule { get; init; }

    public required string Metric { get; init; }

    public required double Margin { get; init; }

    /// <summary>sum, mean or mean-nonzero.</summary>
    public required string Reduction { get; init; }

    public required int N { get; init; }

    public required int D { get; init; }

    public required double Loss { get; init; }

    /// <summary>Number of triplets.</summary>
    public required long Terms { get; init; }

    /// <summary>Number of triplets whose loss is above zero.</summary>
    public required long NonZeroTerms { get; init; }

    /// <summary>The gradient's Frobenius norm; null where no gradient was asked for.</summary>
    public double? GradientNorm { get; init; }

    public required LossTimings Timings { get; init; }

    /// <summary><c>cuda</c> or <c>cpu</c>: where distances were computed.</summary>
    public required string Device { get; init; }

    /// <summary>Why <c>auto</c> was the CPU where CUDA was tried; else null.</summary>
    public string? DeviceNote { get; init; }

    public required string Backend { get; init; }

    public string? GradientOut { get; init; }
}
