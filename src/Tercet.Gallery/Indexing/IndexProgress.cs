namespace Tercet.Galleries.Indexing;

/// <summary>How far an indexing run is.</summary>
/// <param name="Done">Files dealt with.</param>
/// <param name="Total">Files in all.</param>
/// <param name="Embedded">Files whose rows were added or replaced.</param>
/// <param name="Unchanged">Files that had their row already.</param>
/// <param name="Failed">Files that are no readable image.</param>
/// <param name="Durable">Of the embedded, those that a commit has made durable.</param>
/// <param name="Elapsed">Time since the run began.</param>
public readonly record struct IndexProgress(int Done, int Total, int Embedded, int Unchanged, int Failed, int Durable, TimeSpan Elapsed)
{
    /// <summary>Embedded images a second.</summary>
    public double Rate => Embedded / Math.Max(1e-9, Elapsed.TotalSeconds);

    /// <summary>Time left at the pace so far.</summary>
    public TimeSpan Remaining => Done == 0 ? TimeSpan.Zero : Elapsed / Done * (Total - Done);
}
