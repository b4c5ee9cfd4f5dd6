using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu;
using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>
/// Distances between the rows of a matrix: the key that mining and search decide by, accumulated in float64, rounded once to float32 (and held to its
/// finite range), so that rows that are equal are at distance 0 and equal rows tie. Holds a copy of the rows; safe to read from many threads.
/// </summary>
internal sealed class RowDistances
{
    /// <summary>Norms up to here neither overflow nor vanish in float32 tiles.</summary>
    public const double LargestTiledNorm = 1L << 60;

    // What the rounding of 1 − x·y/(‖x‖‖y‖) leaves of two equal rows.
    private const double SmallestCosineKey = 1.0 / (1L << 50);

    private readonly float[] _rows;
    private readonly double[] _norms;

    internal RowDistances(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, DistanceMetric metric)
    {
        Count = embeddings.Height;
        Columns = embeddings.Width;
        Metric = metric;
        if (!EnumValues<DistanceMetric>.Contain(metric))
            throw new ArgumentOutOfRangeException(nameof(metric), metric, "No such metric.");
        if (embeddings.IsEmpty)
            throw new ArgumentException($"The embeddings have shape [{Count}, {Columns}]; one row and one column at least are needed.", nameof(embeddings));
        if (labels.Length != Count)
            throw new ArgumentException($"There are {labels.Length} labels for {Count} rows.", nameof(labels));
        if ((long)Count * Columns > Array.MaxLength)
            throw new ArgumentException($"More than {Array.MaxLength} elements cannot be evaluated at once.", nameof(embeddings));

        _rows = new float[Count * Columns];
        _norms = new double[Count];
        for (int row = 0; row < Count; row++)
        {
            ReadOnlySpan<float> source = embeddings.GetRowSpan(row);
            if (!TensorPrimitives.IsFiniteAll(source))
            {
                int column = 0;
                while (float.IsFinite(source[column]))
                    column++;
                throw new ArgumentException($"Row {row} holds {source[column]} in column {column}.", nameof(embeddings));
            }

            source.CopyTo(Row(row));
            _norms[row] = Math.Sqrt(ExactDistance.Dot(source, source));
            LargestNorm = Math.Max(LargestNorm, _norms[row]);
        }
    }

    internal int Count { get; }

    internal int Columns { get; }

    internal DistanceMetric Metric { get; }

    /// <summary>The largest norm of a row.</summary>
    internal double LargestNorm { get; }

    /// <summary>The rows, <c>[N, D]</c>.</summary>
    internal ReadOnlyMemory2D<float> Matrix => new(_rows, Count, Columns);

    internal float this[int first, int second] => Of(Metric, Key(first, second));

    /// <summary>What float64 says of a pair.</summary>
    internal double Key(int first, int second)
    {
        if (Metric != DistanceMetric.Cosine)
            return ExactDistance.SquaredEuclidean(Row(first), Row(second));
        double norms = _norms[first] * _norms[second];

        // A row of zeros has no direction; the metric puts it at distance 1 from every row.
        return norms == 0 ? 1 : 1 - (ExactDistance.Dot(Row(first), Row(second)) / norms);
    }

    /// <summary>The distance that belongs to a key: ‖x − y‖² for both Euclidean metrics, else 1 − cos. Rises with it.</summary>
    internal static float Of(DistanceMetric metric, double key) => (float)Math.Min(float.MaxValue, metric switch
    {
        DistanceMetric.SquaredEuclidean => key,
        DistanceMetric.Euclidean => Math.Sqrt(key),
        _ => key < SmallestCosineKey ? 0 : Math.Min(2, key),
    });

    /// <summary>The key that belongs to a distance.</summary>
    internal static double KeyOf(DistanceMetric metric, double distance) => metric == DistanceMetric.Euclidean ? distance * distance : distance;

    /// <summary>One row.</summary>
    internal Span<float> Row(int row) => _rows.AsSpan(row * Columns, Columns);
}
