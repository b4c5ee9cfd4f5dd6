namespace Tercet.Cli.Output;

/// <summary>The answer of the verbs of <c>index</c> that change or describe a gallery.</summary>
internal sealed record GalleryJson
{
    public required string Gallery { get; init; }

    public required long Rows { get; init; }

    public required long Generation { get; init; }

    public required int Dimension { get; init; }

    /// <summary>Number of k-means cells of all segments; 0 where no segment has enough rows.</summary>
    public required int Cells { get; init; }

    public required string Metric { get; init; }

    public required string Element { get; init; }

    public required bool Normalized { get; init; }

    public required string ModelSha256 { get; init; }

    public required string Preprocessing { get; init; }

    /// <summary>The checksum of all rows, whatever commits they came in; null where it was not asked for.</summary>
    public string? ContentHash { get; init; }

    /// <summary>Rows that were removed, exported or imported; null for the verbs that do none of it.</summary>
    public long? Changed { get; init; }
}
