using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Backends.Cuda;

/// <summary>
/// Exact nearest-neighbour search by brute force on an NVIDIA GPU: the gallery lies prepared in the device's memory, queries travel there, and the k nearest rows and their distances
/// come back. The same rows as <see cref="FlatIndex"/> finds: ordered by (distance in float64, row). Safe to use from many threads, which take turns; a call allocates nothing
/// once it has had one of its size.
/// </summary>
public sealed unsafe class CudaIndex : IDisposable
{
    /// <summary>The largest number of neighbours a query may ask for.</summary>
    public const int LargestK = CudaPlan.MostNearest;

    private readonly NearestSearch _search;

    /// <summary>Copies the rows to the device and prepares them there.</summary>
    /// <param name="backend">The device; it must be disposed after the index.</param>
    /// <param name="gallery">The gallery, <c>[G, D]</c> row-major, at least one row; finite.</param>
    /// <param name="metric">The metric, which fixes the unit of every distance.</param>
    /// <exception cref="ArgumentException">A component is NaN or infinite, a row's norm is above 3·10¹⁸, or a dimension is 0.</exception>
    /// <exception cref="CudaException">The device failed, or has too little memory.</exception>
    public CudaIndex(CudaBackend backend, ReadOnlySpan2D<float> gallery, DistanceMetric metric = DistanceMetric.SquaredEuclidean)
    {
        // SAFETY: here and below, the rows stay pinned until everything that reads them has been waited for.
        fixed (float* first = &gallery.DangerousGetReference())
            _search = NearestSearch.Open(backend, HostRows.Of(gallery, first, RowFormat.Binary32), metric);
    }

    /// <summary>Copies rows of 16 bits a component to the device and prepares their values there.</summary>
    /// <param name="backend">The device; it must be disposed after the index.</param>
    /// <param name="gallery">The gallery, <c>[G, D]</c> row-major, at least one row; finite.</param>
    /// <param name="metric">The metric, which fixes the unit of every distance.</param>
    /// <exception cref="ArgumentException">A component is NaN or infinite, a row's norm is above 3·10¹⁸, or a dimension is 0.</exception>
    /// <exception cref="CudaException">The device failed, or has too little memory.</exception>
    public CudaIndex(CudaBackend backend, NarrowRows gallery, DistanceMetric metric = DistanceMetric.SquaredEuclidean)
    {
        ReadOnlySpan2D<ushort> bits = gallery.Bits;
        fixed (ushort* first = &bits.DangerousGetReference())
            _search = NearestSearch.Open(backend, HostRows.Of(bits, first, gallery.Format), metric);
    }

    /// <summary>Number of gallery rows, G.</summary>
    public int Count => _search.Count;

    /// <summary>Dimension, D.</summary>
    public int Dimension => _search.Dimension;

    /// <summary>The metric.</summary>
    public DistanceMetric Metric => _search.Metric;

    /// <summary>The nearest rows of many queries.</summary>
    /// <param name="queries">The queries, <c>[Q, D]</c>, finite.</param>
    /// <param name="k">How many neighbours of each, 1 to <see cref="LargestK"/>.</param>
    /// <param name="nearest">Receives them, <c>[Q, k]</c>, nearest first. Places beyond G receive <see cref="Neighbor.None"/>.</param>
    /// <param name="cancellationToken">Stops the call between chunks of queries; <paramref name="nearest"/> then holds nothing of use.</param>
    /// <returns>How many were found for each query: the smaller of k and G.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, k is out of range, or a query has a component that is not finite or a norm above 3·10¹⁸.</exception>
    /// <exception cref="CudaException">The device failed, or has too little memory.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The index has been disposed.</exception>
    public int SearchBatch(ReadOnlySpan2D<float> queries, int k, Span2D<Neighbor> nearest, CancellationToken cancellationToken = default)
    {
        fixed (float* first = &queries.DangerousGetReference())
            return _search.Run(HostRows.Of(queries, first, RowFormat.Binary32), k, nearest, cancellationToken);
    }

    /// <summary>The nearest rows of many queries of 16 bits a component, by their values.</summary>
    /// <param name="queries">The queries, <c>[Q, D]</c>, finite.</param>
    /// <param name="k">How many neighbours of each, 1 to <see cref="LargestK"/>.</param>
    /// <param name="nearest">Receives them, <c>[Q, k]</c>, nearest first. Places beyond G receive <see cref="Neighbor.None"/>.</param>
    /// <param name="cancellationToken">Stops the call between chunks of queries; <paramref name="nearest"/> then holds nothing of use.</param>
    /// <returns>How many were found for each query: the smaller of k and G.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, k is out of range, or a query has a component that is not finite or a norm above 3·10¹⁸.</exception>
    /// <exception cref="CudaException">The device failed, or has too little memory.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The index has been disposed.</exception>
    public int SearchBatch(NarrowRows queries, int k, Span2D<Neighbor> nearest, CancellationToken cancellationToken = default)
    {
        ReadOnlySpan2D<ushort> bits = queries.Bits;
        fixed (ushort* first = &bits.DangerousGetReference())
            return _search.Run(HostRows.Of(bits, first, queries.Format), k, nearest, cancellationToken);
    }

    /// <summary>Frees the device's memory. No call may be running.</summary>
    public void Dispose() => _search.Dispose();
}
