using System.Numerics;
using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>Scores the centres of cells for a query, and finds the nearest.</summary>
internal sealed unsafe class CellProbe : IDisposable
{
    private readonly CellTable _cells;
    private readonly SearchKernel _kernel;
    private readonly PinnedBuffer<float> _scores;
    private readonly PinnedBuffer<float> _others;
    private readonly PinnedBuffer<float> _query;
    private readonly float[] _best;
    private readonly int[] _nearest;
    private readonly int _padded;

    // SAFETY: for the whole class, scores are padded to whole vectors and the query to what the kernel reads behind it.
    public CellProbe(CellTable cells, SearchKernel kernel)
    {
        (_cells, _kernel) = (cells, kernel);
        _padded = GalleryRows.PaddedCount(cells.Shape.Cells);
        _scores = new PinnedBuffer<float>(_padded);
        _others = new PinnedBuffer<float>(_padded);
        _query = new PinnedBuffer<float>(cells.Shape.Depth + PlainQueries.LargestWidth);
        _scores.Span.Fill(float.PositiveInfinity);
        _best = new float[cells.Shape.Cells];
        _nearest = new int[cells.Shape.Cells];
    }

    /// <summary>A score for every cell.</summary>
    public float* Scores => (float*)_scores.DangerousGetAddress();

    /// <summary>For every cell the score of its centre for the centre given to <see cref="ScoreFrom"/>.</summary>
    public float* Others => (float*)_others.DangerousGetAddress();

    /// <summary>Scores the centres.</summary>
    /// <param name="query">The query as <see cref="PlainQueries"/> has it.</param>
    public void Score(float* query) => Score(query, Scores);

    /// <summary>Scores the centres for one of them.</summary>
    /// <returns>Its norm.</returns>
    public double ScoreFrom(int cell)
    {
        float* centre = _cells.Centres.Source[cell];
        float* query = (float*)_query.DangerousGetAddress();
        new ReadOnlySpan<float>(centre, _cells.Shape.Depth).CopyTo(_query.Span);
        PlainQueries.AddTail(query, _cells.Shape.Depth, _kernel.Fold.Width);
        Score(query, Others);
        return Math.Sqrt(ExactDistance.Dot(centre, centre, _cells.Shape.Depth));
    }

    /// <summary>The nearest cells, nearest first, of equal ones the first.</summary>
    /// <param name="count">How many, at most as many as there are.</param>
    public ReadOnlySpan<int> Nearest(int count)
    {
        int cells = _cells.Shape.Cells, found = 0;
        float limit = float.MaxValue;
        IBlockFold fold = _kernel.Fold;
        for (int start = 0; (start = fold.NextHits(Scores, limit, start, _padded, out uint hits)) < _padded; start += fold.Width)
        {
            for (; hits != 0; hits &= hits - 1)
            {
                int cell = start + BitOperations.TrailingZeroCount(hits);
                float score = Scores[cell];
                if (cell >= cells || (found == count && score >= _best[count - 1]))
                    continue;
                int place = found;
                while (place > 0 && _best[place - 1] > score)
                    place--;
                int moved = Math.Min(found, count - 1) - place;
                Array.Copy(_best, place, _best, place + 1, moved);
                Array.Copy(_nearest, place, _nearest, place + 1, moved);
                (_best[place], _nearest[place]) = (score, cell);
                found = Math.Min(found + 1, count);
                if (found == count)
                    limit = _best[count - 1];
            }
        }

        return _nearest.AsSpan(0, found);
    }

    public void Dispose()
    {
        _scores.Dispose();
        _others.Dispose();
        _query.Dispose();
    }

    private void Score(float* query, float* scores) => _kernel.Dots(
        _cells.Centres.Source.First, _cells.Centres.Source.Stride, _cells.Shape.Depth, _cells.Shape.Cells, query, _cells.Centres.Factors, _cells.Centres.Biases, scores);
}
