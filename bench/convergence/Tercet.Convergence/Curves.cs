namespace Tercet.Convergence;

/// <summary>The seeds of one strategy on one data set, and what is said about them together.</summary>
/// <param name="strategy">The strategy.</param>
/// <param name="cells">Its cells, one a seed.</param>
/// <param name="pace">What its steps cost.</param>
internal sealed class Curves(string strategy, IReadOnlyList<CellResult> cells, Pace pace)
{
    public string Strategy => strategy;

    public IReadOnlyList<CellResult> Cells => cells;

    public int[] Steps { get; } = [.. cells[0].Measured.Select(each => each.Step)];

    /// <summary>Mean recall@1 over the seeds, at each measurement.</summary>
    public double[] Recall { get; } = Mean(cells, cell => cell.Measured.Select(each => each.Recall1));

    public Pace Pace => pace;

    /// <summary>Processor time of training up to each measurement.</summary>
    public double[] Seconds { get; } = [.. cells[0].Measured.Select(each => each.Step * pace.SecondsPerStep)];

    public double[] Active { get; } = Mean(cells, cell => cell.Active);

    public double[] Spread { get; } = Mean(cells, cell => cell.Spread);

    /// <summary>The least of any seed at any step.</summary>
    public double LeastSpread => cells.Min(cell => cell.Spread.Min());

    public double FinalRecall => Recall[^1];

    public double FinalMap => cells.Average(cell => cell.Measured[^1].MapAtR);

    /// <summary>Standard deviation of the seeds' last recall@1.</summary>
    public double Deviation => Math.Sqrt(cells.Sum(cell => Math.Pow(cell.Measured[^1].Recall1 - FinalRecall, 2)) / Math.Max(1, cells.Count - 1));

    /// <summary>The first measurement at which the mean recall@1 is at least this; null when none is.</summary>
    public int? FirstAt(double recall) => Array.FindIndex(Recall, each => each >= recall) is var at and >= 0 ? at : null;

    private static double[] Mean(IReadOnlyList<CellResult> cells, Func<CellResult, IEnumerable<double>> values)
    {
        double[][] all = [.. cells.Select(cell => values(cell).ToArray())];
        return [.. Enumerable.Range(0, all[0].Length).Select(at => all.Average(each => each[at]))];
    }
}
