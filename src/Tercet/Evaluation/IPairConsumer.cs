namespace Tercet.Evaluation;

/// <summary>Takes every pair of rows once, those of one row after those of another.</summary>
internal interface IPairConsumer
{
    /// <summary>Makes room before any row comes.</summary>
    /// <param name="workers">Worker numbers are below it.</param>
    /// <param name="tolerance">No float32 key is farther than this from the exact one.</param>
    void Prepare(int workers, double tolerance);

    /// <summary>Takes one row's pairs. Called by several threads at once, each with a worker number of its own.</summary>
    void Consume(in PairRow row);
}
