namespace Tercet.Galleries.Format;

/// <summary>The buffers of a segment's columns that hold anything, in the order in which they lie in the file.</summary>
internal enum ArrowColumn
{
    /// <summary>D components a row.</summary>
    Vectors,

    /// <summary>int64 a row, ascending.</summary>
    Ids,

    /// <summary>int64 a row and one: where each label begins.</summary>
    LabelOffsets,

    /// <summary>UTF-8.</summary>
    Labels,

    /// <summary>int64 a row and one: where each source begins.</summary>
    SourceOffsets,

    /// <summary>UTF-8.</summary>
    Sources,

    /// <summary>Milliseconds since 1970 in UTC, int64 a row.</summary>
    Times,

    /// <summary>32 bytes a row: the SHA-256 of what the row was made from, or zeros.</summary>
    Digests,
}
