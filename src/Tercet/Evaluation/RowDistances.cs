using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;
using Tercet.Mining;

namespace Tercet.Evaluation;

/// <summary>
/// Distances between the rows of a matrix: accumulated in float64, rounded once to float32 (and held to its finite range), so that rows that are equal
/// are at distance 0 and equal rows tie. Holds a float64 copy of the rows; safe to read from many threads.
/// </summary>
internal sealed class RowDistances
{
    private readonly double[] _rows;
    private readonly int _columns;
    private readonly DistanceMetric _metric;
    private readonly bool[] _isZero;

    internal RowDistances(ReadOnlySpan2D<float> embeddings, ReadOnlySpan<long> labels, DistanceMetric metric)
    {
        Count = embeddings.Height;
        _columns = embeddings.Width;
        _metric = metric;
        if (!Enum.IsDefined(metric))
            throw new ArgumentOutOfRangeException(nameof(metric), metric, "No such metric.");
        if (embeddings.IsEmpty)
            throw new ArgumentException($"The embeddings have shape [{Count}, {_columns}]; one row and one column at least are needed.", nameof(embeddings));
        if (labels.Length != Count)
            throw new ArgumentException($"There are {labels.Length} labels for {Count} rows.", nameof(labels));
        if ((long)Count * _columns > Array.MaxLength)
            throw new ArgumentException($"More than {Array.MaxLength} elements cannot be evaluated at once.", nameof(embeddings));

        _rows = new double[Count * _columns];
        _isZero = new bool[Count];
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

            Span<double> destination = _rows.AsSpan(row * _columns, _columns);
            TensorPrimitives.ConvertTruncating(source, destination);
            if (metric != DistanceMetric.Cosine)
                continue;
            double norm = TensorPrimitives.Norm<double>(destination);
            _isZero[row] = norm == 0;
            if (norm > 0)
                TensorPrimitives.Divide(destination, norm, destination);
        }
    }

    internal int Count { get; }

    internal float this[int first, int second]
    {
        get
        {
            // A row of zeros has no direction; the metric puts it at distance 1 from every row.
            if (_metric == DistanceMetric.Cosine && (_isZero[first] || _isZero[second]))
                return 1;
            double distance = TensorPrimitives.Distance<double>(_rows.AsSpan(first * _columns, _columns), _rows.AsSpan(second * _columns, _columns));
            double value = _metric switch
            {
                DistanceMetric.SquaredEuclidean => distance * distance,
                DistanceMetric.Euclidean => distance,

                // 1 − cos = ½‖x̂ − ŷ‖², which keeps its digits where the rows nearly coincide.
                _ => Math.Min(2, 0.5 * distance * distance),
            };
            return (float)Math.Min(value, float.MaxValue);
        }
    }
}
