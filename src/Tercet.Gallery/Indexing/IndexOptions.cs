namespace Tercet.Galleries.Indexing;

/// <summary>How images are indexed. Immutable.</summary>
public sealed record IndexOptions
{
    /// <summary>The label of an image; null gives the empty label. Default null.</summary>
    public Func<string, string>? LabelOf { get; init; }

    /// <summary>Whether files that have no row yet are added. Default on.</summary>
    public bool AddNew { get; init; } = true;

    /// <summary>Whether rows of files whose content has changed are replaced. Default on.</summary>
    public bool ReplaceChanged { get; init; } = true;

    /// <summary>Whether to stop at the first file that is no readable image, rather than to leave it out. Default off.</summary>
    public bool StopAtFailure { get; init; }

    /// <summary>Rows after which what was embedded is made durable, at the end of a batch. Default 1,024.</summary>
    public int CommitRows { get; init; } = 1024;

    /// <summary>Images decoded at the same time; 0 means one for each processor. Default 0.</summary>
    public int DecodeThreads { get; init; }

    /// <summary>Is told after each batch.</summary>
    public IProgress<IndexProgress>? Progress { get; init; }
}
