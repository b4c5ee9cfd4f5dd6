using System.Runtime.InteropServices;
using Tercet.Memory;
using Tercet.Search;
using Tercet.Threading;

namespace Tercet.Backends.Cpu.Search;

/// <summary>
/// The gallery where it lies, and the two numbers a row that turn an inner product into a score: <c>score = factor × (x·y) + bias</c>, ordered like the
/// distance from y. Squared Euclidean: <c>‖x‖²/2 − x·y</c>; cosine: <c>−x·y/‖x‖</c> with y of unit norm; inner product: <c>−x·y</c>.
/// </summary>
internal sealed unsafe class GalleryRows : ITeamJob, IDisposable
{
    /// <summary>Factors and biases are padded to a multiple of this; the padding's score is +∞.</summary>
    public const int Padding = 16;

    /// <summary>Norms above this are refused, so that no score overflows float32.</summary>
    public const double LargestNorm = 1L << 60;

    private const double SmallestScaledNorm = 1.0 / (1L << 60);
    private const int RowsPerItem = 1024;

    private readonly PinnedBuffer<float>? _factors;
    private readonly PinnedBuffer<float>? _biases;
    private readonly List<int> _unscored = [];
    private readonly Lock _lock = new();
    private double _greatestNorm;

    // SAFETY: the rows stay pinned or mapped until the index that owns this is disposed.
    public GalleryRows(SourceRows source, int count, int depth, SearchMetric metric, WorkerTeam team, int workers)
    {
        Source = source;
        (Count, Depth, Metric, LiveCount) = (count, depth, metric, count);
        int padded = PaddedCount(count);
        _factors = new PinnedBuffer<float>(padded);
        _biases = new PinnedBuffer<float>(padded);
        _biases.Span.Fill(float.PositiveInfinity);
        Factors = (float*)_factors.DangerousGetAddress();
        Biases = (float*)_biases.DangerousGetAddress();
        try
        {
            team.Run(this, (count + RowsPerItem - 1) / RowsPerItem, workers, CancellationToken.None);
        }
        catch
        {
            Dispose();
            throw;
        }

        _unscored.Sort();
    }

    // SAFETY: rows, factors and biases stay mapped until the index that owns this is disposed; factors and biases hold PaddedCount(count) floats.

    /// <summary>Rows whose factors and biases lie elsewhere. A row whose bias is +∞ is masked: nothing finds it.</summary>
    public GalleryRows(SourceRows source, int count, int depth, SearchMetric metric, float* factors, float* biases, double greatestNorm, int liveCount)
    {
        Source = source;
        (Count, Depth, Metric, LiveCount) = (count, depth, metric, liveCount);
        Factors = factors;
        Biases = biases;
        _greatestNorm = greatestNorm;
    }

    public SourceRows Source { get; }

    public int Count { get; }

    /// <summary>Rows that are not masked.</summary>
    public int LiveCount { get; }

    public int Depth { get; }

    public SearchMetric Metric { get; }

    /// <summary>Whether scores are ‖x‖²/2 − x·y.</summary>
    public bool IsEuclidean => Metric is SearchMetric.SquaredEuclidean or SearchMetric.Euclidean;

    /// <summary>One factor a row, padded.</summary>
    public float* Factors { get; }

    /// <summary>One bias a row, padded.</summary>
    public float* Biases { get; }

    /// <summary>The largest norm of a row; 1 where rows count as of unit norm.</summary>
    public double ScoredNorm => Metric == SearchMetric.Cosine ? 1 : _greatestNorm;

    /// <summary>The largest norm of a row.</summary>
    public double GreatestNorm => _greatestNorm;

    /// <summary>Rows of a norm so small that float32 cannot scale them to 1: their scores are +∞, and float64 looks at each.</summary>
    public ReadOnlySpan<int> Unscored => CollectionsMarshal.AsSpan(_unscored);

    /// <summary>Factors, and biases, that so many rows have with their padding.</summary>
    public static int PaddedCount(int count) => checked(((count + Padding - 1) / Padding * Padding) + Padding);

    /// <summary>Whether nothing may find a row.</summary>
    public bool IsMasked(int row) => LiveCount < Count && float.IsPositiveInfinity(Biases[row]);

    /// <summary>What float64 says of a row: the squared distance, the cosine distance or the negated inner product.</summary>
    /// <param name="query">The query, <c>[Depth]</c>.</param>
    /// <param name="queryNorm">Its norm.</param>
    /// <param name="row">The row.</param>
    public double ExactKey(float* query, double queryNorm, int row)
    {
        float* x = Source[row];
        if (IsEuclidean)
            return ExactDistance.SquaredEuclidean(query, x, Depth);
        double dot = ExactDistance.Dot(query, x, Depth);
        if (Metric == SearchMetric.InnerProduct)
            return 0 - dot;
        double norms = queryNorm * Math.Sqrt(ExactDistance.Dot(x, x, Depth));
        return norms == 0 ? 1 : 1 - (dot / norms);
    }

    /// <summary>The score that belongs to a key.</summary>
    public double ScoreOf(double key, double queryNorm) => Metric switch
    {
        SearchMetric.Cosine => key - 1,
        SearchMetric.InnerProduct => key,
        _ => 0.5 * (key - (queryNorm * queryNorm)),
    };

    /// <summary>The distance that belongs to a key.</summary>
    public float DistanceOf(double key) => (float)(Metric switch
    {
        SearchMetric.Euclidean => Math.Sqrt(key),
        SearchMetric.Cosine => Math.Max(key, 0),
        _ => key,
    });

    void ITeamJob.Execute(int worker, int item)
    {
        double greatest = 0;
        int end = (int)Math.Min(Count, (item + 1L) * RowsPerItem);
        for (int row = item * RowsPerItem; row < end; row++)
        {
            float* x = Source[row];
            double squaredNorm = RowCheck.SquaredNorm(x, Depth, row, "rows");
            double norm = Math.Sqrt(squaredNorm);
            greatest = Math.Max(greatest, norm);
            if (Metric == SearchMetric.Cosine && norm > 0 && norm < SmallestScaledNorm)
            {
                lock (_lock)
                    _unscored.Add(row);
                continue;
            }

            Factors[row] = Metric != SearchMetric.Cosine ? -1 : norm == 0 ? 0 : (float)(-1 / norm);
            Biases[row] = IsEuclidean ? (float)(0.5 * squaredNorm) : 0;
        }

        lock (_lock)
            _greatestNorm = Math.Max(_greatestNorm, greatest);
    }

    public void Dispose()
    {
        _factors?.Dispose();
        _biases?.Dispose();
    }
}
