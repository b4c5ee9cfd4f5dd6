using System.Numerics.Tensors;
using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu;
using Tercet.Memory;

namespace Tercet.Mining;

/// <summary>First and second moments of a batch's rows, in float64: enough for every mean that the statistics report, without a pass over pairs.</summary>
internal sealed class RowMoments : IDisposable
{
    // Beyond this a sum of two squared norms no longer fits a float32 key.
    private const double LargestSquaredNorm = 1e37;

    private const int Group = 4;

    private PinnedBuffer<double> _sums = new(0);
    private PinnedBuffer<double> _rowSquares = new(0);
    private int _rows;
    private int _nonZeroRows;
    private double _squaredNorms;
    private double _sumOfRowsSquared;
    private double _sumOfUnitRowsSquared;

    /// <summary>Norm of the mean row.</summary>
    public double MeanEmbeddingNorm => Math.Sqrt(_sumOfRowsSquared) / _rows;

    /// <summary>Root of the mean squared norm.</summary>
    public double RootMeanSquareNorm => Math.Sqrt(_squaredNorms / _rows);

    /// <summary>The squared norm of every row that <see cref="Compute"/> has taken, <c>[N]</c>.</summary>
    public ReadOnlySpan<double> SquaredNorms => _rowSquares.Span[.._rows];

    /// <summary>Takes all rows, and refuses the first that is not finite or too long. The moments of unit rows are taken for the cosine metric only.</summary>
    /// <exception cref="ArgumentException">A component is NaN or infinite, or a row's norm is above 3·10¹⁸.</exception>
    public void Compute(ReadOnlySpan2D<float> rows, DistanceMetric metric, string parameterName)
    {
        int depth = rows.Width;
        PinnedBuffer.Grow(ref _sums, 2L * depth);
        Span<double> sum = _sums.Span[..depth];
        Span<double> unitSum = _sums.Span.Slice(depth, depth);
        sum.Clear();
        unitSum.Clear();
        _rows = rows.Height;
        _nonZeroRows = 0;
        _squaredNorms = 0;
        PinnedBuffer.Grow(ref _rowSquares, (long)rows.Height + Group);
        for (int first = 0; first < rows.Height; first += Group)
        {
            int count = Math.Min(Group, rows.Height - first);
            Span<double> squaredNorms = _rowSquares.Span.Slice(first, Group);
            AddGroup(rows.Slice(first, 0, count, depth), sum, squaredNorms);
            for (int i = 0; i < count; i++)
            {
                double squaredNorm = squaredNorms[i];
                ReadOnlySpan<float> row = rows.GetRowSpan(first + i);
                if (!(squaredNorm <= LargestSquaredNorm))
                    ThrowForRow(row, first + i, parameterName);
                _squaredNorms += squaredNorm;
                if (metric == DistanceMetric.Cosine && squaredNorm > 0)
                {
                    _nonZeroRows++;
                    ExactDistance.AddScaled(row, 1 / Math.Sqrt(squaredNorm), unitSum);
                }
            }
        }

        _sumOfRowsSquared = TensorPrimitives.SumOfSquares<double>(sum);
        _sumOfUnitRowsSquared = TensorPrimitives.SumOfSquares<double>(unitSum);
    }

    /// <summary>Takes what a device has measured of all rows.</summary>
    public void Take(int rows, double nonZeroRows, double squaredNorms, double sumOfRowsSquared, double sumOfUnitRowsSquared)
    {
        (_rows, _nonZeroRows) = (rows, (int)nonZeroRows);
        (_squaredNorms, _sumOfRowsSquared, _sumOfUnitRowsSquared) = (squaredNorms, sumOfRowsSquared, sumOfUnitRowsSquared);
    }

    /// <summary>Refuses a row.</summary>
    /// <exception cref="ArgumentException">Always.</exception>
    public static void ThrowForRow(ReadOnlySpan<float> row, int index, string parameterName)
    {
        for (int column = 0; column < row.Length; column++)
        {
            if (!float.IsFinite(row[column]))
                throw new ArgumentException($"Row {index}, column {column} of '{parameterName}' is {row[column]}; every component must be finite.", parameterName);
        }

        throw new ArgumentException(
            $"Row {index} of '{parameterName}' has norm {Math.Sqrt(ExactDistance.Dot(row, row)):g3}; float32 distances need norms below 3e18. Scale the rows, or normalise them.",
            parameterName);
    }

    /// <summary>
    /// Mean over all unordered pairs of rows of the metric's key: <c>Σ‖xᵢ − xⱼ‖² = N Σ‖x‖² − ‖Σx‖²</c>, and likewise for <c>1 − cos</c> with unit rows; under
    /// <see cref="DistanceMetric.Euclidean"/> the root of it. 0 for a single row.
    /// </summary>
    public double MeanPairwiseDistance(DistanceMetric metric)
    {
        if (_rows < 2)
            return 0;
        double pairs = 0.5 * _rows * (_rows - 1.0);
        double mean = metric == DistanceMetric.Cosine
            ? 1 - (0.5 * (_sumOfUnitRowsSquared - _nonZeroRows) / pairs)
            : Math.Max(0, (_rows * _squaredNorms) - _sumOfRowsSquared) / pairs;
        return metric == DistanceMetric.Euclidean ? Math.Sqrt(mean) : mean;
    }

    /// <summary>The statistic behind <see cref="MiningStatistics.Spread"/>.</summary>
    public double Spread(DistanceMetric metric, double margin)
    {
        double mean = MeanPairwiseDistance(metric);
        if (metric == DistanceMetric.Cosine)
            return mean;
        bool isRoot = metric == DistanceMetric.Euclidean;
        double room = Math.Max(2 * _squaredNorms / _rows, isRoot ? margin * margin : margin);
        return room == 0 ? 0 : (isRoot ? mean * mean : mean) / room;
    }

    public void Dispose()
    {
        _sums.Dispose();
        _rowSquares.Dispose();
    }

    private static void AddGroup(ReadOnlySpan2D<float> rows, Span<double> sum, Span<double> squaredNorms)
    {
        if (rows.Height == Group)
        {
            ExactDistance.AddFour(rows.GetRowSpan(0), rows.GetRowSpan(1), rows.GetRowSpan(2), rows.GetRowSpan(3), sum, squaredNorms);
            return;
        }

        for (int i = 0; i < rows.Height; i++)
        {
            squaredNorms[i] = ExactDistance.Dot(rows.GetRowSpan(i), rows.GetRowSpan(i));
            ExactDistance.Add(rows.GetRowSpan(i), sum);
        }
    }
}
