using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Search;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>
/// Centres by k-means (Lloyd 1982) over a sample of the rows. They depend on the rows, the number of cells and the seed alone: assignments are those of float64
/// distances, means are summed in one order. Any centres give exact answers; good ones give fast ones.
/// </summary>
internal sealed class CellTraining : IDisposable
{
    private const int SampleRowsPerCell = 40;
    private const int Iterations = 6;
    private const long LargestSampleFloats = 1 << 26;

    private readonly PinnedMatrix _sample;
    private readonly PinnedMatrix _centres;
    private readonly Neighbor[] _nearest;
    private readonly double[] _sums;
    private readonly int[] _counts;
    private readonly int _threads;

    private CellTraining(CellRows rows, int cells, ulong seed, int threads)
    {
        _threads = threads;
        int count = (int)Math.Min(rows.Count, Math.Max(cells, Math.Min((long)SampleRowsPerCell * cells, LargestSampleFloats / rows.Depth)));
        SplitMix64 random = new(seed);
        _sample = new PinnedMatrix(count, rows.Depth);
        _centres = new PinnedMatrix(cells, rows.Depth);
        _nearest = new Neighbor[count];
        _sums = new double[(long)cells * rows.Depth];
        _counts = new int[cells];

        // One row of each of as many stretches of equal length.
        for (int i = 0; i < count; i++)
        {
            int first = (int)((long)i * rows.Count / count), end = (int)((i + 1L) * rows.Count / count);
            rows.CopyScaled(first + random.Next(end - first), _sample.Span.GetRowSpan(i));
        }

        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle<int>(order);
        for (int cell = 0; cell < cells; cell++)
            _sample.Span.GetRowSpan(order[cell]).CopyTo(_centres.Span.GetRowSpan(cell));
    }

    /// <summary>Trains.</summary>
    /// <param name="rows">The rows, at least as many as cells.</param>
    /// <param name="cells">Number of cells.</param>
    /// <param name="seed">What sample and first centres are drawn from.</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="progress">How far it is.</param>
    /// <returns>The centres, <c>[cells, D]</c>.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static PinnedMatrix Run(CellRows rows, int cells, ulong seed, int threads, CellProgress progress)
    {
        using CellTraining training = new(rows, cells, seed, threads);
        try
        {
            for (int iteration = 0; iteration < Iterations; iteration++)
            {
                progress.Trained((double)iteration / Iterations);
                if (!training.Improve(progress.Token))
                    break;
            }

            return training._centres;
        }
        catch
        {
            training._centres.Dispose();
            throw;
        }
    }

    public void Dispose() => _sample.Dispose();

    /// <returns>Whether a row changed its cell.</returns>
    private bool Improve(CancellationToken cancellationToken)
    {
        Neighbor[] before = [.. _nearest];
        using (CpuSearch search = CellOrder.Search(_centres, _threads))
            search.Run(_sample.Span, 1, new Span2D<Neighbor>(_nearest, _nearest.Length, 1), cancellationToken);
        if (before.AsSpan().SequenceEqual(_nearest))
            return false;
        _sums.AsSpan().Clear();
        _counts.AsSpan().Clear();
        int depth = _sample.Columns;
        for (int row = 0; row < _nearest.Length; row++)
        {
            int cell = _nearest[row].Row;
            _counts[cell]++;
            ExactDistance.Add(_sample.Span.GetRowSpan(row), _sums.AsSpan(cell * depth, depth));
        }

        int[]? far = null;
        for (int cell = 0, next = 0; cell < _counts.Length; cell++)
        {
            Span<float> centre = _centres.Span.GetRowSpan(cell);
            if (_counts[cell] > 0)
            {
                for (int k = 0; k < depth; k++)
                    centre[k] = (float)(_sums[(cell * depth) + k] / _counts[cell]);
                continue;
            }

            // An empty cell begins anew where a row is far from its centre.
            far ??= FarthestFirst();
            if (next < far.Length && _nearest[far[next]].Distance > 0)
                _sample.Span.GetRowSpan(far[next++]).CopyTo(centre);
        }

        return true;
    }

    private int[] FarthestFirst()
    {
        int[] rows = [.. Enumerable.Range(0, _nearest.Length)];
        Array.Sort(rows, (a, b) => _nearest[b].Distance.CompareTo(_nearest[a].Distance) is var order and not 0 ? order : a.CompareTo(b));
        return rows;
    }
}
