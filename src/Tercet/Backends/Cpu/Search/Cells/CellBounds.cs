using Tercet.Search;

namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>What can be said of a query's distance to the rows of a cell before one of them is read. What a bound leaves out is farther than the limit, for certain.</summary>
/// <remarks>
/// Let Y be the query and X a row (under cosine both of unit norm), c the centre of X's cell, d = ‖Y − c‖, ρ = ‖X − c‖. A row is wanted while its score is not above
/// the limit L. With <c>‖X − Y‖² = 2·score + ‖Y‖² (+ ‖X‖² where scores have no norm in them)</c> that is <c>‖X − Y‖ ≤ T</c>, <c>T² = 2L + ‖Y‖² (+ the cell's largest ‖X‖²)</c>.
/// <list type="bullet">
/// <item>Triangle: <c>|d − ρ| ≤ ‖X − Y‖</c>, for a cell's inner and outer radius, and for each row: rows lie in the order of ρ, so those that are left are a stretch.</item>
/// <item>Hyperplane: X is no nearer to any other centre e, so that <c>‖X − Y‖ ≥ (d² − ‖Y − e‖²) / (2‖c − e‖)</c>.</item>
/// <item>Inner product: <c>x·y ≤ c·y + ρ‖y‖</c>.</item>
/// </list>
/// Slack. The scores of centres are off by no more than E (<see cref="SearchPass.ErrorOf"/>), squared distances by ε = 2E and 2⁻⁴⁰ of ‖Y‖² and ‖c‖² for what float64
/// rounds; radii by 2⁻²² of themselves (one rounding to float32, and D + 3 in float64, D ≤ 65,536) and two steps of the smallest float; under cosine the rows were
/// scaled in float32 before they were dealt out, which moves each by less than δ = 2⁻²². Float64 keys have a relative error below γ = 2⁻³⁶, so that a row's
/// centre is the nearest but for 3γρ² &lt; 2⁻³⁴ρ². T² has 2⁻⁴⁰ of its terms to spare, and the limit itself the error of a float32 score, which is far more than that of a float64 key.
/// </remarks>
internal sealed unsafe class CellBounds(CellTable cells)
{
    private const double Float64Slack = 1.0 / (1L << 40);
    private const double RadiusSlack = 1.0 / (1 << 22);
    private const double NearestSlack = 1.0 / (1L << 34);

    private readonly double[] _squares = new double[cells.Shape.Cells];
    private SearchMetric _metric;
    private double _querySquare;
    private double _queryNorm;
    private double _error;
    private double _epsilon;
    private double _delta;
    private double _nearSquare;
    private double _nearCentre;
    private double _limit;
    private double _reach;

    /// <summary>Takes up a query.</summary>
    /// <param name="pass">The pass; its only query is meant.</param>
    /// <param name="scores">The query's scores for the centres, as squared distances have them.</param>
    // SAFETY: a score for every cell.
    public void Load(SearchPass pass, float* scores)
    {
        _metric = pass.Gallery.Metric;
        _queryNorm = _metric == SearchMetric.Cosine ? 1 : pass.Norms[0];
        _querySquare = _queryNorm * _queryNorm;
        double greatest = cells.Centres.GreatestNorm;
        _error = SearchPass.ErrorOf(cells.Centres, _queryNorm);
        _epsilon = (2 * _error) + (Float64Slack * (_querySquare + (greatest * greatest)));
        _delta = _metric == SearchMetric.Cosine ? RadiusSlack : 0;
        for (int cell = 0; cell < _squares.Length; cell++)
            _squares[cell] = _querySquare + (2.0 * scores[cell]);
        Limit(float.MaxValue);
    }

    /// <summary>Sets the limit of scores.</summary>
    public void Limit(float limit)
    {
        _limit = limit;
        _reach = _metric == SearchMetric.InnerProduct ? 0 : Reach(_metric == SearchMetric.Cosine ? 1 : 0);
    }

    /// <summary>Whether a cell can hold a row within the limit, by its inner and outer radius.</summary>
    public bool MayHold(int cell)
    {
        if (cells.Count(cell) == 0)
            return false;
        double reach = ReachOf(cell);
        if (reach < 0)
            return false;
        double outer = reach + Above(cells.Outer(cell));
        if (_squares[cell] - _epsilon > outer * outer)
            return false;
        double inner = Below(cells.Inner(cell)) - reach;
        if (inner > 0 && _squares[cell] + _epsilon < inner * inner * (1 - Float64Slack))
            return false;
        return _metric != SearchMetric.InnerProduct || Above(cells.Outer(cell)) * _queryNorm >= Excess(cell);
    }

    /// <summary>Takes a centre that lies nearer to the query than others, for <see cref="MayReachOver"/>.</summary>
    /// <param name="cell">Its cell.</param>
    /// <param name="norm">Its norm.</param>
    public void Load(int cell, double norm)
    {
        double greatest = cells.Centres.GreatestNorm;
        _nearSquare = _squares[cell] + (2 * _epsilon);
        _nearCentre = (norm * norm) + (2.0 * SearchPass.ErrorOf(cells.Centres, norm)) + (Float64Slack * greatest * greatest);
    }

    /// <summary>Whether a cell can hold a row within the limit, by the hyperplane between its centre and the one that was loaded.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="score">The score of the cell's centre for that centre as the query.</param>
    public bool MayReachOver(int cell, float score)
    {
        double outer = Above(cells.Outer(cell));
        double ahead = _squares[cell] - _nearSquare - (NearestSlack * outer * outer);
        if (ahead <= 0)
            return true;
        double apart = _nearCentre + (2.0 * score);
        double reach = ReachOf(cell);
        return ahead * ahead <= 4 * apart * reach * reach * (1 + Float64Slack);
    }

    /// <summary>The stretch of a cell's blocks that can hold rows within the limit.</summary>
    public (int First, int End) Window(int cell)
    {
        int block = cells.FirstBlock(cell), count = cells.Count(cell);
        double reach = ReachOf(cell);
        double low = Math.Sqrt(Math.Max(0, _squares[cell] - _epsilon)) - reach;
        double high = Math.Sqrt(_squares[cell] + _epsilon) + reach;
        if (_metric == SearchMetric.InnerProduct && _queryNorm > 0)
            low = Math.Max(low, Excess(cell) / _queryNorm);
        float* radii = cells.Radii + ((nint)block * CodeRows.BlockRows);
        double behind = Math.BitIncrement(high);

        // Most cells that are left are left whole; the radii need not be fetched for that.
        int first = Above(cells.Inner(cell)) < low ? CountBelow(radii, count, low, slack: 1) : 0;
        int end = Below(cells.Outer(cell)) < behind ? count : CountBelow(radii, count, behind, slack: -1);
        return (block + (first / CodeRows.BlockRows), block + ((end + CodeRows.BlockRows - 1) / CodeRows.BlockRows));
    }

    // By how much −c·y is above the limit, for certain; what a row's own part of the product would have to make up for.
    private double Excess(int cell)
    {
        double minusDot = (0.5 * (_squares[cell] - _querySquare)) - cells.Centres.Biases[cell];
        return minusDot - (2 * _error) - (Float64Slack * (Math.Abs(minusDot) + Math.Abs(_limit))) - _limit;
    }

    private double ReachOf(int cell) => _metric == SearchMetric.InnerProduct ? Reach((double)cells.Norm(cell) * cells.Norm(cell)) : _reach;

    // T, and what scaling may have moved a row by; −1 where no row of such norms is within the limit.
    private double Reach(double rowSquare)
    {
        double square = (2 * _limit) + _querySquare + rowSquare;
        square += Float64Slack * (Math.Abs(2 * _limit) + _querySquare + rowSquare);
        return square < 0 ? -1 : (Math.Sqrt(square) * (1 + Float64Slack)) + _delta;
    }

    // How many of a cell's ascending radii, its slack taken off or added, are below a bound.
    // SAFETY: radii points to count floats.
    private static int CountBelow(float* radii, int count, double bound, double slack)
    {
        int low = 0, high = count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            double radius = (radii[middle] * (1 + (slack * RadiusSlack))) + (slack * 2 * float.Epsilon);
            (low, high) = radius < bound ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static double Above(float radius) => (radius * (1 + RadiusSlack)) + (2 * float.Epsilon);

    private static double Below(float radius) => (radius * (1 - RadiusSlack)) - (2 * float.Epsilon);
}
