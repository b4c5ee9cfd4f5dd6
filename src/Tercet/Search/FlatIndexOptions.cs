using Tercet.Backends;

namespace Tercet.Search;

/// <summary>How a <see cref="FlatIndex"/> searches. Immutable.</summary>
public sealed record FlatIndexOptions
{
    /// <summary>The metric, and with it the unit of every distance. Default <see cref="SearchMetric.SquaredEuclidean"/>.</summary>
    public SearchMetric Metric { get; init; } = SearchMetric.SquaredEuclidean;

    /// <summary>What to read before the rows. Default <see cref="SearchFilter.None"/>.</summary>
    public SearchFilter Filter { get; init; } = SearchFilter.None;

    /// <summary>Number of cells with <see cref="SearchFilter.Cells"/>, at most 16,384 and at most as many as rows; 0 means the power of two next to 4√G. Default 0.</summary>
    public int Cells { get; init; }

    /// <summary>What the training of cells draws from. Exact answers do not depend on it. Default 0.</summary>
    public ulong CellSeed { get; init; }

    /// <summary>Threads to use; 0 means every processor. The answer does not depend on it. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>The vector width; <see langword="null"/> means the widest, or what the environment variable <c>TERCET_LANES</c> names. Default <see langword="null"/>.</summary>
    public CpuLanes? Lanes { get; init; }
}
