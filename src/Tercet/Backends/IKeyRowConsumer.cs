namespace Tercet.Backends;

/// <summary>Takes the keys of one anchor after another.</summary>
public interface IKeyRowConsumer
{
    /// <summary>
    /// Takes one anchor's keys. Called by several workers at once, each anchor once; a worker's anchors ascend, and anchors are handed out to
    /// workers in ascending blocks.
    /// </summary>
    /// <param name="kernels">The kernels that computed them.</param>
    /// <param name="worker">The worker, from 0 to <see cref="IMiningKernels.Workers"/> − 1: names the scratch memory to use.</param>
    /// <param name="anchor">Anchor position.</param>
    /// <param name="keys">Float32 keys by gallery position, <c>[G]</c>, within <see cref="IMiningKernels.KeyTolerance"/> of the exact ones; may be slightly below 0. The consumer may overwrite them.</param>
    void Consume(IMiningKernels kernels, int worker, int anchor, Span<float> keys);
}
