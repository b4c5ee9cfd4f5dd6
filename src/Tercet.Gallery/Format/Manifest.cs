namespace Tercet.Galleries.Format;

/// <summary>One state of a gallery, whole: which files it consists of and what they hold. Immutable.</summary>
internal sealed record Manifest
{
    /// <summary>Goes up by one with every commit.</summary>
    public required long Generation { get; init; }

    public required GallerySchema Schema { get; init; }

    /// <summary>The lowest id that was never given.</summary>
    public required long NextId { get; init; }

    /// <summary>The lowest number that no file was named by.</summary>
    public required long NextFile { get; init; }

    public required IReadOnlyList<SegmentEntry> Segments { get; init; }

    public long LiveRows => Segments.Sum(segment => (long)segment.LiveRows);

    /// <summary>The names of all files that belong to this state.</summary>
    public IEnumerable<string> Files =>
        Segments.SelectMany(segment => (string?[])
        [
            segment.Name + SegmentNames.Arrow,
            segment.Name + SegmentNames.Companion,
            segment.Cells is null ? null : segment.Name + SegmentNames.Cells,
            segment.Deletions?.File,
        ]).OfType<string>();
}
