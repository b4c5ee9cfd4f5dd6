namespace Tercet.Convergence;

/// <summary>What one training gave.</summary>
internal sealed record CellResult
{
    public required string Dataset { get; init; }

    public required string Strategy { get; init; }

    public ulong Seed { get; init; }

    /// <summary>The validation set, every 20 steps.</summary>
    public List<Measurement> Measured { get; init; } = [];

    /// <summary>Fraction of the triplets inside the margin, by step.</summary>
    public List<double> Active { get; init; } = [];

    /// <summary>The collapse statistic, by step.</summary>
    public List<double> Spread { get; init; } = [];

    /// <summary>The step at which the guard switched the rule.</summary>
    public int? SwitchedAt { get; set; }
}
