namespace Tercet.Server.Json;

/// <summary>An image in base64, or an embedding, to look for.</summary>
/// <remarks>What may be left out is set, not initialised: the generated reader would initialise it with nothing.</remarks>
internal sealed record SearchRequestJson
{
    public byte[]? Image { get; set; }

    public float[]? Embedding { get; set; }

    public int K { get; set; } = 10;

    /// <summary>Search only among rows of this label.</summary>
    public string? Label { get; set; }

    /// <summary>Look only into so many of the nearest k-means cells of each segment that has cells; null for an exact answer.</summary>
    public int? Approximate { get; set; }

    /// <summary>Leave out what is farther, in the metric's unit.</summary>
    public double? Threshold { get; set; }
}
