using Tercet.Backends;
using Tercet.Galleries.Files;
using Tercet.Search;

namespace Tercet.Galleries;

/// <summary>How a gallery is opened. Immutable.</summary>
public sealed record GalleryOptions
{
    /// <summary>
    /// What a search reads before the rows. The answer never depends on it. Default <see cref="SearchFilter.Cells"/>, which is
    /// <see cref="SearchFilter.Int8"/> for segments without cells.
    /// </summary>
    public SearchFilter Filter { get; init; } = SearchFilter.Cells;

    /// <summary>Rows from which on a segment gets k-means cells when it is written; <see cref="int.MaxValue"/> means never. Default 50,000.</summary>
    public int CellsFrom { get; init; } = 50_000;

    /// <summary>Threads to search and to verify with; 0 means every processor. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>The vector width; <see langword="null"/> means the widest, or what the environment variable <c>TERCET_LANES</c> names.</summary>
    public CpuLanes? Lanes { get; init; }

    /// <summary>How often to look for a new manifest by itself; zero means only when <see cref="Gallery.Reload"/> is called. Default zero.</summary>
    public TimeSpan ReloadEvery { get; init; }

    /// <summary>Where files are read and written.</summary>
    internal IGalleryFiles Files { get; init; } = DiskFiles.Instance;
}
