using Tercet.Imaging;

namespace Tercet.Galleries.Indexing;

/// <summary>What is known of a file.</summary>
internal sealed record IndexItem
{
    /// <summary>The file's content, until it is decoded; null where it has its row already, or shall have none.</summary>
    public byte[]? Content { get; set; }

    /// <summary>The SHA-256 of the content.</summary>
    public byte[] Digest { get; init; } = [];

    public DateTimeOffset Time { get; init; }

    /// <summary>The row to replace; −1 for a new one.</summary>
    public long Id { get; init; } = -1;

    /// <summary>The slot of the embedder's input.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Why there is no row.</summary>
    public ImageException? Failure { get; set; }
}
