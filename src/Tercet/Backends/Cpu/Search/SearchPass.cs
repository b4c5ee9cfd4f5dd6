using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>The queries of one pass over the gallery, prepared for the kernels, and the bounds that all workers share.</summary>
/// <remarks>
/// The error of a float32 score. The sum of D products in any order is off by at most D·u·Σ|x·y| ≤ D·u·‖x‖‖y‖ (u = 2⁻²⁴) and one rounding more for the
/// score itself; factor, bias and (cosine) the scaled query add three, and the arithmetic on bounds three: D + 12 roundings of quantities no larger
/// than ‖x‖‖y‖ + ‖x‖²/2, the 1 % covering the second-order terms (D ≤ 65,536), and what underflow loses, times 1/‖x‖ ≤ 2⁶⁰ under cosine.
/// The lower bounds that codes give meet the same limits. They allow for what the codes lose and not for their own roundings: ten, of partial results no larger
/// than 7·‖x‖‖y‖ + ‖x‖²/2 (no code loses more than there is: r ≤ ‖x‖, ρ ≤ ‖y‖, so ‖s·q‖‖t·p‖ ≤ 4·‖x‖‖y‖), less than 40 of ‖x‖‖y‖ + ‖x‖²/2. Hence D + 40 for both.
/// </remarks>
internal sealed unsafe class SearchPass(GalleryRows gallery, SearchKernel kernel) : IDisposable
{
    /// <summary>Half the distance between 1 and the next float.</summary>
    public const double UnitRoundoff = 1.0 / (1 << 24);

    private PinnedBuffer<float> _panels = new(0);
    private PinnedBuffer<float> _perQuery = new(0);
    private PinnedBuffer<double> _norms = new(0);
    private SourceRows _source;
    private int _firstQuery;
    private float* _errors;

    /// <summary>Number of queries.</summary>
    public int Count { get; private set; }

    /// <summary>Panels of <c>kernel.Columns</c> queries, dimension by dimension; padded with zeros.</summary>
    public float* Panels { get; private set; }

    /// <summary>A score is of interest when it is not above this, <c>[Count]</c>, padded to panels with −∞. Workers write it without a lock: every value is a valid limit.</summary>
    public float* Limits { get; private set; }

    /// <summary>An upper bound of each query's k-th best score, <c>[Count]</c>.</summary>
    public float* Bounds { get; private set; }

    /// <summary>The norm of each query.</summary>
    public double* Norms { get; private set; }

    public GalleryRows Gallery => gallery;

    /// <summary>The query as the caller gave it.</summary>
    public float* Query(int query) => _source[_firstQuery + query];

    /// <summary>Prepares queries [first, first + count).</summary>
    /// <param name="source">All queries, pinned while the pass lasts.</param>
    /// <param name="first">The first one.</param>
    /// <param name="count">How many.</param>
    /// <param name="pack">Whether panels are wanted.</param>
    /// <exception cref="ArgumentException">A query is not finite, or too large.</exception>
    // SAFETY: the buffers hold count queries padded to whole panels.
    public void Load(SourceRows source, int first, int count, bool pack)
    {
        _source = source;
        _firstQuery = first;
        Count = count;
        int width = kernel.Columns;
        int padded = (count + width - 1) / width * width;
        PinnedBuffer.Grow(ref _perQuery, 3L * padded);
        PinnedBuffer.Grow(ref _norms, padded);
        Limits = (float*)_perQuery.DangerousGetAddress();
        Bounds = Limits + padded;
        _errors = Bounds + padded;
        Norms = (double*)_norms.DangerousGetAddress();
        new Span<float>(Limits, padded).Fill(float.NegativeInfinity);
        if (pack)
        {
            PinnedBuffer.Grow(ref _panels, (long)padded * gallery.Depth);
            Panels = (float*)_panels.DangerousGetAddress();
        }

        for (int query = 0; query < count; query++)
        {
            double norm = Math.Sqrt(RowCheck.SquaredNorm(Query(query), gallery.Depth, first + query, "queries"));
            Norms[query] = norm;
            Bounds[query] = float.MaxValue;
            _errors[query] = ErrorOf(gallery, norm);

            // Every row is at distance 1 from a zero query: there is nothing to look for.
            if (!IsAnswered(query))
                Limits[query] = float.MaxValue;
        }

        if (pack)
            Pack(padded);
    }

    /// <summary>Whether the answer is known without a search: the lowest rows, all at cosine distance 1.</summary>
    public bool IsAnswered(int query) => gallery.Metric == Tercet.Search.SearchMetric.Cosine && Norms[query] == 0;

    /// <summary>What a query is divided by before it is scored.</summary>
    public double Scale(int query) => gallery.Metric == Tercet.Search.SearchMetric.Cosine && Norms[query] > 0 ? Norms[query] : 1;

    /// <summary>Lowers a query's bound, and its limit with it.</summary>
    /// <returns>The lowest bound known.</returns>
    public float Lower(int query, float bound)
    {
        float known = Bounds[query];
        if (bound >= known)
            return known;
        Bounds[query] = bound;
        Limits[query] = bound + _errors[query];
        return bound;
    }

    /// <summary>A candidate from a score.</summary>
    /// <param name="query">The query.</param>
    /// <param name="score">The score.</param>
    /// <param name="row">The row.</param>
    public Candidate CandidateOf(int query, float score, int row) => new(score - _errors[query], score + _errors[query], row);

    /// <summary>What float64 says of a row.</summary>
    public double ExactKey(int query, int row) => gallery.ExactKey(Query(query), Norms[query], row);

    /// <summary>A candidate from a float64 key: float32 bounds that enclose the score that belongs to it.</summary>
    public Candidate Bracket(int query, KeyedRow ranked)
    {
        double score = gallery.ScoreOf(ranked.Key, Norms[query]);
        double norms = gallery.ScoredNorm * (gallery.ScoredNorm + Norms[query]);
        double slack = (gallery.Depth + 16) * (1.0 / (1L << 51)) * (gallery.IsEuclidean ? norms + (Norms[query] * Norms[query]) : norms);
        return new Candidate(MathF.BitDecrement((float)(score - slack)), MathF.BitIncrement((float)(score + slack)), ranked.Row);
    }

    /// <summary>An upper bound of what a float32 score of a gallery's row for a query of some norm is off by.</summary>
    public static float ErrorOf(GalleryRows gallery, double norm)
    {
        double depth = gallery.Depth + 40;
        double norms = gallery.ScoredNorm * (gallery.Metric == Tercet.Search.SearchMetric.Cosine ? 1 : norm);
        double halfSquare = gallery.IsEuclidean ? 0.5 * gallery.ScoredNorm * gallery.ScoredNorm : 0;
        double underflow = float.Epsilon * (gallery.Metric == Tercet.Search.SearchMetric.Cosine ? 1L << 60 : 1);
        return (float)(1.01 * depth * ((UnitRoundoff * (norms + halfSquare)) + underflow));
    }

    public void Dispose()
    {
        _panels.Dispose();
        _perQuery.Dispose();
        _norms.Dispose();
    }


    private void Pack(int padded)
    {
        int width = kernel.Columns;
        int depth = gallery.Depth;
        for (int query = 0; query < padded; query++)
        {
            float* lane = Panels + ((nint)(query / width) * width * depth) + (query % width);
            if (query >= Count)
            {
                for (int k = 0; k < depth; k++)
                    lane[(nint)k * width] = 0;
                continue;
            }

            float* source = Query(query);
            double scale = Scale(query);
            for (int k = 0; k < depth; k++)
                lane[(nint)k * width] = scale == 1 ? source[k] : (float)(source[k] / scale);
        }
    }
}
