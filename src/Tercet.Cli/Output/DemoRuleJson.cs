namespace Tercet.Cli.Output;

/// <summary>What one rule did with the demo's faces.</summary>
internal sealed record DemoRuleJson
{
    public required string Rule { get; init; }

    /// <summary>triplets or pairs.</summary>
    public required string Selects { get; init; }

    public required long Selected { get; init; }

    /// <summary>Selected triplets with d(a,n) ≤ d(a,p); null for pairs.</summary>
    public long? Hard { get; init; }

    public long? SemiHard { get; init; }

    public long? Easy { get; init; }

    public required double MeanPositiveDistance { get; init; }

    public required double MeanNegativeDistance { get; init; }

    /// <summary>Median time of a call.</summary>
    public required double MineMs { get; init; }
}
