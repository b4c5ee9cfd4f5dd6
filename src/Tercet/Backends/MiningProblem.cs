using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Backends;

/// <summary>
/// What a backend is given to work on. Rows are float32 on the host, unless the backend <see cref="IMiningBackend.MeasuresRows"/>: then they may be of 16 bits a component, or in its
/// device's memory, alone.
/// </summary>
/// <param name="anchors">The anchors in the caller's order, <c>[A, D]</c>, finite where they have been measured.</param>
/// <param name="gallery">The gallery in the caller's order, <c>[G, D]</c>, finite where they have been measured; the same memory as the anchors in the square form.</param>
/// <param name="layout">Which rows take part, and in what order.</param>
/// <param name="metric">The metric.</param>
/// <param name="threads">Most threads to use, at least 1.</param>
/// <param name="resident">The gallery once more, in a device's memory, <c>[G, D]</c>; the default value where it lies nowhere else.</param>
/// <param name="narrowAnchors">The anchors as the caller has them, where that is in 16 bits a component: the same values.</param>
/// <param name="narrowGallery">The gallery likewise.</param>
public readonly ref struct MiningProblem(
    ReadOnlySpan2D<float> anchors,
    ReadOnlySpan2D<float> gallery,
    RowLayout layout,
    DistanceMetric metric,
    int threads,
    DeviceMatrix resident = default,
    NarrowRows narrowAnchors = default,
    NarrowRows narrowGallery = default)
{
    /// <summary>The anchors, <c>[A, D]</c>.</summary>
    public ReadOnlySpan2D<float> Anchors { get; } = anchors;

    /// <summary>The gallery, <c>[G, D]</c>.</summary>
    public ReadOnlySpan2D<float> Gallery { get; } = gallery;

    /// <summary>The order of the rows.</summary>
    public RowLayout Layout { get; } = layout;

    /// <summary>The metric.</summary>
    public DistanceMetric Metric { get; } = metric;

    /// <summary>Most threads to use.</summary>
    public int Threads { get; } = threads;

    /// <summary>The gallery in a device's memory, or no matrix; a backend of another device takes <see cref="Gallery"/>.</summary>
    public DeviceMatrix Resident { get; } = resident;

    /// <summary>Whether the anchors are the gallery.</summary>
    public bool IsSquare { get; internal init; }

    /// <summary>Each gallery row's squared norm, <c>[G]</c>; empty where it has not been taken.</summary>
    internal ReadOnlySpan<double> SquaredNorms { get; init; }

    /// <summary>Dimension of a row.</summary>
    public int Dimension => !Gallery.IsEmpty ? Gallery.Width : !NarrowGallery.IsEmpty ? NarrowGallery.Bits.Width : Resident.Columns;

    /// <summary>The anchors in 16 bits a component, or no matrix.</summary>
    public NarrowRows NarrowAnchors { get; } = narrowAnchors;

    /// <summary>The gallery in 16 bits a component, or no matrix.</summary>
    public NarrowRows NarrowGallery { get; } = narrowGallery;

    /// <summary>Where the backend puts what it measures of the rows; null where that is done.</summary>
    internal RowMoments? Moments { get; init; }

    /// <summary>What brings the rows to the host and measures them there; null where that is done.</summary>
    internal MiningWorkspace? Workspace { get; init; }

    /// <summary>The same problem for a backend that does not measure rows.</summary>
    /// <exception cref="ArgumentException">A row is not finite, or too long.</exception>
    internal MiningProblem OnHost() => Workspace is null ? this : Workspace.OnHost(this);
}
