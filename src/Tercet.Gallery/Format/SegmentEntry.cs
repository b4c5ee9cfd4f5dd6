namespace Tercet.Galleries.Format;

/// <summary>What a manifest says of a segment.</summary>
internal sealed record SegmentEntry
{
    /// <summary>The files' name, without its ending.</summary>
    public required string Name { get; init; }

    public required int Rows { get; init; }

    public required long FirstId { get; init; }

    public required long LastId { get; init; }

    public required long LabelBytes { get; init; }

    public required long SourceBytes { get; init; }

    /// <summary>The largest norm of a row, which error bounds are made of.</summary>
    public required double GreatestNorm { get; init; }

    public required FileEntry Arrow { get; init; }

    public required FileEntry Companion { get; init; }

    /// <summary>The XXH3-128 of the checksums of all blocks, which end the companion.</summary>
    public required string SumsHash { get; init; }

    /// <summary>Its k-means cells; null for a segment of few rows, or of a version that had none.</summary>
    public CellsEntry? Cells { get; init; }

    public DeletionEntry? Deletions { get; init; }

    public int LiveRows => Rows - (Deletions?.Rows ?? 0);
}
