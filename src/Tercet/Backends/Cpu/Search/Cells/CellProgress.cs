namespace Tercet.Backends.Cpu.Search.Cells;

/// <summary>How far the making of cells is, and whether to go on.</summary>
/// <param name="report">Receives the share that is done, 0 to 1; may be null.</param>
/// <param name="cancellationToken">Stops it between batches of rows.</param>
internal readonly struct CellProgress(IProgress<double>? report, CancellationToken cancellationToken)
{
    // Training takes about as long as dealing the rows out and writing them.
    private const double TrainingShare = 0.5;

    public CancellationToken Token => cancellationToken;

    public void Trained(double share) => report?.Report(TrainingShare * share);

    public void DealtOut(double share) => report?.Report(TrainingShare + ((1 - TrainingShare) * share));
}
