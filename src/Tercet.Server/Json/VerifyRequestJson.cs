namespace Tercet.Server.Json;

/// <summary>Two images in base64; or one, and the label in the gallery that it is said to be of.</summary>
/// <remarks>What may be left out is set, not initialised: the generated reader would initialise it with nothing.</remarks>
internal sealed record VerifyRequestJson
{
    public required byte[] A { get; init; }

    public byte[]? B { get; set; }

    public string? Label { get; set; }

    /// <summary>Cosine similarity from which on both count as the same.</summary>
    public double? Threshold { get; set; }
}
