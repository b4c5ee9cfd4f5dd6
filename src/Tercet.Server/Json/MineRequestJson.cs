using Tercet.Mining;

namespace Tercet.Server.Json;

/// <summary>Rows and labels to mine; the rest is named and defaults as in <see cref="MiningOptions"/>.</summary>
/// <remarks>What may be left out is set, not initialised: the generated reader would initialise it with nothing.</remarks>
internal sealed record MineRequestJson
{
    public required IReadOnlyList<float[]> Embeddings { get; init; }

    public required long[] Labels { get; init; }

    public MiningRule Rule { get; set; } = MiningRule.SemiHard;

    public DistanceMetric Metric { get; set; } = DistanceMetric.SquaredEuclidean;

    public double Margin { get; set; } = 0.2;

    public bool WithinMargin { get; set; }

    public SemiHardFallback Fallback { get; set; } = SemiHardFallback.Skip;

    public EasyPositiveVariant EasyPositive { get; set; } = EasyPositiveVariant.Nearest;

    public long? NegativeOnlyLabel { get; set; }

    public bool Normalize { get; set; }

    public ulong Seed { get; set; }
}
