namespace Tercet.Galleries;

/// <summary>What a gallery keeps of a row beside its id and its vector.</summary>
public readonly ref struct GalleryRowFacts
{
    /// <summary>The label (an identity, say); empty for none.</summary>
    public string Label { get => field ?? ""; init; }

    /// <summary>What the row was made from (a path, say); empty for none.</summary>
    public string Source { get => field ?? ""; init; }

    /// <summary>A time that belongs to the row, kept to the millisecond. Default: the beginning of 1970.</summary>
    public DateTimeOffset Time
    {
        get => field == default ? DateTimeOffset.UnixEpoch : field;
        init;
    }

    /// <summary>The SHA-256 of what the row was made from, 32 bytes; empty for none.</summary>
    public ReadOnlySpan<byte> Digest { get; init; }
}
