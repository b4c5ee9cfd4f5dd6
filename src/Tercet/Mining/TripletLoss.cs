using System.Buffers;
using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;

namespace Tercet.Mining;

/// <summary>The triplet loss of FaceNet over a list of selected triplets, and its gradient.</summary>
public static class TripletLoss
{
    /// <summary><c>Σ max(0, d(a,p) − d(a,n) + α)</c> over <paramref name="triplets"/>, reduced, and its gradient with respect to the embeddings.</summary>
    /// <remarks>
    /// Distances and gradient are accumulated in float64 over the embeddings as given: a model that normalises its output has to pass the gradient on
    /// through its own normalisation. A term of exactly 0 contributes no gradient.
    /// </remarks>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="triplets">Indices into the batch; the distances they carry are not used.</param>
    /// <param name="metric">The metric; the margin is in its unit.</param>
    /// <param name="margin">The margin α, finite and not negative.</param>
    /// <param name="reduction">Sum, mean, or mean over the terms above zero.</param>
    /// <param name="gradient">Receives ∂loss/∂embeddings, <c>[N, D]</c>; empty when not wanted. Where a distance is 0 and the metric has no derivative there, 0 is taken.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentException">There are no rows or no columns, a row holds NaN or infinity, a triplet names a row that does not exist, the
    /// gradient has another shape, or the margin is negative or not finite.</exception>
    public static LossResult Evaluate(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<Triplet> triplets, DistanceMetric metric, double margin, LossReduction reduction, Span2D<float> gradient) =>
        Run<HingeTerm>(embeddings, triplets, metric, margin, reduction, gradient);

    /// <summary>
    /// <c>Σ ln(1 + exp(d(a,p) − d(a,n)))</c> over <paramref name="triplets"/>, reduced, and its gradient: the soft margin of Hermans, Beyer, Leibe, <em>In Defense of
    /// the Triplet Loss</em> (2017), which goes on pulling where a hinge has become flat.
    /// </summary>
    /// <remarks>Accumulated as by <see cref="Evaluate"/>. Every term counts as above zero unless it rounds to 0.</remarks>
    /// <param name="embeddings">The batch, <c>[N, D]</c> row-major.</param>
    /// <param name="triplets">Indices into the batch; the distances they carry are not used.</param>
    /// <param name="metric">The metric; the paper uses <see cref="DistanceMetric.Euclidean"/>.</param>
    /// <param name="reduction">Sum, mean, or mean over the terms above zero.</param>
    /// <param name="gradient">Receives ∂loss/∂embeddings, <c>[N, D]</c>; empty when not wanted.</param>
    /// <returns>The loss.</returns>
    /// <exception cref="ArgumentException">As for <see cref="Evaluate"/>.</exception>
    public static LossResult EvaluateSoftMargin(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<Triplet> triplets, DistanceMetric metric, LossReduction reduction, Span2D<float> gradient) =>
        Run<SoftMarginTerm>(embeddings, triplets, metric, margin: 0, reduction, gradient);

    private static LossResult Run<TTerm>(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<Triplet> triplets, DistanceMetric metric, double margin, LossReduction reduction, Span2D<float> gradient)
        where TTerm : struct, ITripletTerm
    {
        Check(embeddings, triplets, metric, margin, reduction, gradient);
        if (gradient.IsEmpty)
            return Accumulate<TTerm>(embeddings, triplets, metric, margin, reduction, default, out _);

        int length = checked(embeddings.Height * embeddings.Width);
        double[] rented = ArrayPool<double>.Shared.Rent(length);
        try
        {
            Span<double> sums = rented.AsSpan(0, length);
            sums.Clear();
            LossResult result = Accumulate<TTerm>(embeddings, triplets, metric, margin, reduction, sums, out double scale);
            for (int row = 0; row < embeddings.Height; row++)
            {
                Span<double> source = sums.Slice(row * embeddings.Width, embeddings.Width);
                TensorPrimitives.Multiply(source, scale, source);
                TensorPrimitives.ConvertTruncating<double, float>(source, gradient.GetRowSpan(row));
            }

            return result;
        }
        finally
        {
            ArrayPool<double>.Shared.Return(rented);
        }
    }

    private static LossResult Accumulate<TTerm>(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<Triplet> triplets, DistanceMetric metric, double margin, LossReduction reduction, Span<double> sums, out double scale)
        where TTerm : struct, ITripletTerm
    {
        int width = embeddings.Width;
        double total = 0;
        long nonZero = 0;
        foreach (Triplet triplet in triplets)
        {
            ReadOnlySpan<float> anchor = embeddings.GetRowSpan(triplet.Anchor);
            PairDerivative positive = PairDerivative.Of(anchor, embeddings.GetRowSpan(triplet.Positive), metric);
            PairDerivative negative = PairDerivative.Of(anchor, embeddings.GetRowSpan(triplet.Negative), metric);
            double term = TTerm.Value(positive.Distance - negative.Distance + margin, out double slope);
            if (term <= 0)
                continue;
            total += term;
            nonZero++;
            if (sums.IsEmpty)
                continue;
            Span<double> anchorSum = sums.Slice(triplet.Anchor * width, width);
            positive.AddTo(anchorSum, sums.Slice(triplet.Positive * width, width), anchor, embeddings.GetRowSpan(triplet.Positive), slope);
            negative.AddTo(anchorSum, sums.Slice(triplet.Negative * width, width), anchor, embeddings.GetRowSpan(triplet.Negative), -slope);
        }

        long divisor = reduction switch
        {
            LossReduction.Sum => 1,
            LossReduction.Mean => triplets.Length,
            _ => nonZero,
        };
        scale = 1.0 / Math.Max(1, divisor);
        return new LossResult(total * scale, triplets.Length, nonZero);
    }

    private static void Check(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<Triplet> triplets, DistanceMetric metric, double margin, LossReduction reduction, Span2D<float> gradient)
    {
        if (!EnumValues<DistanceMetric>.Contain(metric))
            throw new ArgumentOutOfRangeException(nameof(metric), metric, "No such metric.");
        if (!EnumValues<LossReduction>.Contain(reduction))
            throw new ArgumentOutOfRangeException(nameof(reduction), reduction, "No such reduction.");
        if (!double.IsFinite(margin) || margin < 0)
            throw new ArgumentOutOfRangeException(nameof(margin), margin, "The margin must be finite and not negative.");
        if (embeddings.IsEmpty)
            throw new ArgumentException($"The embeddings have shape [{embeddings.Height}, {embeddings.Width}]; one row and one column at least are needed.", nameof(embeddings));
        if (!gradient.IsEmpty && (gradient.Height != embeddings.Height || gradient.Width != embeddings.Width))
            throw new ArgumentException($"The gradient has shape [{gradient.Height}, {gradient.Width}], the embeddings [{embeddings.Height}, {embeddings.Width}].", nameof(gradient));
        if (!gradient.IsEmpty && (long)embeddings.Height * embeddings.Width > Array.MaxLength)
            throw new ArgumentException($"A gradient of more than {Array.MaxLength} elements cannot be accumulated.", nameof(gradient));

        for (int row = 0; row < embeddings.Height; row++)
        {
            ReadOnlySpan<float> values = embeddings.GetRowSpan(row);
            if (TensorPrimitives.IsFiniteAll(values))
                continue;
            int column = 0;
            while (float.IsFinite(values[column]))
                column++;
            throw new ArgumentException($"Row {row} holds {values[column]} in column {column}.", nameof(embeddings));
        }

        for (int index = 0; index < triplets.Length; index++)
        {
            Triplet triplet = triplets[index];
            uint rows = (uint)embeddings.Height;
            if ((uint)triplet.Anchor >= rows || (uint)triplet.Positive >= rows || (uint)triplet.Negative >= rows)
                throw new ArgumentException($"Triplet {index} is ({triplet.Anchor}, {triplet.Positive}, {triplet.Negative}), but there are {rows} rows.", nameof(triplets));
        }
    }
}
