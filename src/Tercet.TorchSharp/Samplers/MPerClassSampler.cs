using System.Collections;
using Tercet.Mining;

namespace Tercet.TorchSharp;

/// <summary>
/// Row numbers for a data loader, m of each class at a time, with pytorch-metric-learning's names: batches of <c>batchSize</c> consecutive numbers hold
/// batchSize / m classes. A class of fewer than m rows repeats what it has; classes of one row are left out. The engine's <see cref="IdentityBatchSampler"/> draws.
/// </summary>
public sealed class MPerClassSampler : IEnumerable<long>
{
    private readonly long[] _labels;
    private readonly int _classes;
    private readonly ulong _seed;
    private ulong _passes;

    /// <summary>Makes a sampler.</summary>
    /// <param name="labels">The class of every row, <c>[N]</c>; copied.</param>
    /// <param name="m">Rows of each class at a time, 2 or more.</param>
    /// <param name="batchSize">The loader's batch, a multiple of <paramref name="m"/>.</param>
    /// <param name="lengthBeforeNewIter">Numbers of one pass, rounded down to whole batches.</param>
    /// <param name="seed">The seed of the first pass; each later one draws anew.</param>
    /// <exception cref="ArgumentException">The batch is no multiple of m, a pass is shorter than a batch, or there are fewer classes of two rows than a batch holds.</exception>
    public MPerClassSampler(ReadOnlySpan<long> labels, int m, int batchSize, int lengthBeforeNewIter = 100_000, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(m, 2);
        if (batchSize < m || batchSize % m != 0)
            throw new ArgumentException($"A batch of {batchSize} is no multiple of m, {m}.", nameof(batchSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(lengthBeforeNewIter, batchSize);
        _labels = labels.ToArray();
        _classes = batchSize / m;
        _seed = seed;
        M = m;
        Count = lengthBeforeNewIter / batchSize * batchSize;
        _ = new IdentityBatchSampler(_labels, _classes, m, seed: seed);
    }

    /// <summary>Rows of each class at a time.</summary>
    public int M { get; }

    /// <summary>Numbers of one pass.</summary>
    public int Count { get; }

    /// <summary>One pass.</summary>
    public IEnumerator<long> GetEnumerator() => Draw(unchecked(_seed + _passes++)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IEnumerable<long> Draw(ulong seed)
    {
        IdentityBatchSampler sampler = new(_labels, _classes, M, seed: seed);
        int[] rows = new int[sampler.MaximumRows];
        long[] labels = new long[sampler.MaximumRows];
        for (int given = 0; given < Count; given += _classes * M)
        {
            int drawn = sampler.Next(rows, labels);
            for (int first = 0, next; first < drawn; first = next)
            {
                for (next = first + 1; next < drawn && labels[next] == labels[first];)
                    next++;
                for (int i = 0; i < M; i++)
                    yield return rows[first + (i % (next - first))];
            }
        }
    }
}
