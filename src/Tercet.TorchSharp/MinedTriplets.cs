using System.Runtime.InteropServices;
using Tercet.Mining;
using TorchSharp;
using static TorchSharp.torch;

namespace Tercet.TorchSharp;

/// <summary>What a miner found. The triplets lie in the miner's own buffer and are valid until its next call.</summary>
/// <param name="Triplets">The triplets, in ascending order of anchor, then positive.</param>
/// <param name="Statistics">What was found beside them.</param>
public readonly record struct MinedTriplets(ReadOnlyMemory<Triplet> Triplets, MiningStatistics Statistics)
{
    /// <summary>The indices as pytorch-metric-learning returns them: three int64 vectors of equal length, anchors, positives and negatives. A copy.</summary>
    /// <returns>Tensors for the caller to dispose.</returns>
    public (Tensor Anchors, Tensor Positives, Tensor Negatives) ToTensors()
    {
        Tensor anchors = torch.empty(Triplets.Length, dtype: ScalarType.Int64);
        Tensor positives = torch.empty(Triplets.Length, dtype: ScalarType.Int64);
        Tensor negatives = torch.empty(Triplets.Length, dtype: ScalarType.Int64);
        Span<long> a = MemoryMarshal.Cast<byte, long>(anchors.bytes);
        Span<long> p = MemoryMarshal.Cast<byte, long>(positives.bytes);
        Span<long> n = MemoryMarshal.Cast<byte, long>(negatives.bytes);
        ReadOnlySpan<Triplet> triplets = Triplets.Span;
        for (int i = 0; i < triplets.Length; i++)
            (a[i], p[i], n[i]) = (triplets[i].Anchor, triplets[i].Positive, triplets[i].Negative);
        return (anchors, positives, negatives);
    }
}
