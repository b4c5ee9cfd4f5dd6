using System.Numerics.Tensors;
using Tercet.Backends.Cpu.Search;
using Tercet.Galleries.Format;
using Tercet.Search;

namespace Tercet.Galleries.Segments;

/// <summary>Refuses rows that no search could find, before they wait for a commit that they would spoil.</summary>
internal static class RowAdmission
{
    private const double SmallestCosineNorm = 1.0 / (1L << 60);

    /// <exception cref="ArgumentException">The row cannot be taken.</exception>
    public static void Check(GallerySchema schema, ReadOnlySpan<float> vector, in GalleryRowFacts facts)
    {
        if (vector.Length != schema.Dimension)
            throw new ArgumentException($"'vector' has {vector.Length} components; the gallery has {schema.Dimension}.", nameof(vector));
        double squares = 0;
        for (int k = 0; k < vector.Length; k++)
        {
            if (!float.IsFinite(vector[k]))
                throw new ArgumentException($"'vector' has the component {vector[k]} at {k}; every component must be finite.", nameof(vector));
            squares += (double)vector[k] * vector[k];
        }

        double norm = Math.Sqrt(squares);
        if (norm > GalleryRows.LargestNorm)
            throw new ArgumentException($"'vector' has a norm of {norm:g3}; scale it so that the norm is not above 2^60.", nameof(vector));
        if (schema.Metric == SearchMetric.Cosine && norm > 0 && norm < SmallestCosineNorm)
            throw new ArgumentException($"'vector' has a norm of {norm:g3}; under cosine it must be 0, or 2^-60 or more.", nameof(vector));
        if (schema.Element == GalleryElement.Float16 && TensorPrimitives.MaxMagnitude(vector) is var largest && !Half.IsFinite((Half)largest))
            throw new ArgumentException($"'vector' has the component {largest}, which float16 cannot hold.", nameof(vector));
        if (facts.Digest.Length is not (0 or ArrowMetadata.DigestBytes))
            throw new ArgumentException($"'facts' has a digest of {facts.Digest.Length} bytes; it must have {ArrowMetadata.DigestBytes}, or none.", nameof(facts));
    }
}
