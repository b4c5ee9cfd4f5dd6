namespace Tercet.Backends.Cpu.Loss;

/// <summary>What counting needs to know of one anchor beside its tables.</summary>
internal struct AnchorTerms
{
    /// <summary>Number of its thresholds: its positives.</summary>
    public int Count { get; set; }

    /// <summary>Its first table; it has <see cref="ThresholdTables.ChunksOf"/> of them.</summary>
    public long FirstTable { get; set; }

    /// <summary>Its first tally; see <see cref="Tallies"/>.</summary>
    public long FirstTally { get; set; }

    /// <summary>A key this close to a threshold is decided in float64: the keys' tolerance and the rounding of the threshold.</summary>
    public float Slack { get; set; }

    /// <summary>A key up to here has too large a relative error for a loss: it is evaluated in float64.</summary>
    public float SmallKey { get; set; }

    /// <summary>The value that distances are subtracted from while losses are added up: a threshold from the middle.</summary>
    public float Reference { get; set; }

    /// <summary>Its thresholds in words, where they fit one table and the kernel counts with them.</summary>
    public WordThresholds Words { get; set; }

    /// <summary>Its part in the loss: Σ violations × threshold over its positives, less Σ weight × d over its pairs with the rows that follow.</summary>
    public double Loss { get; set; }
}
