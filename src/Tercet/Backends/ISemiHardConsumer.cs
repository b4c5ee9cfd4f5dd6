namespace Tercet.Backends;

/// <summary>Takes the semi-hard negatives of one anchor after another.</summary>
public interface ISemiHardConsumer
{
    /// <summary>Takes one anchor's result. Called by several workers at once, each anchor once.</summary>
    /// <param name="worker">The worker, from 0 to <see cref="IMiningKernels.Workers"/> − 1.</param>
    /// <param name="anchor">Anchor position.</param>
    /// <param name="result">The result; valid until the call returns.</param>
    void Take(int worker, int anchor, in SemiHardResult result);
}
