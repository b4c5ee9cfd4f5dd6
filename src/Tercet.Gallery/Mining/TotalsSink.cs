using Tercet.Mining;

namespace Tercet.Galleries.Mining;

/// <summary>Counts triplets on their way.</summary>
internal sealed class TotalsSink(ITripletConsumer next) : ITripletConsumer
{
    private readonly Triplet[] _pair = new Triplet[1];

    public MiningTotals Totals { get; set; } = new();

    public void Consume(ReadOnlySpan<Triplet> triplets)
    {
        Totals = Totals.With(triplets);
        next.Consume(triplets);
    }

    /// <summary>Takes a pair: a triplet without a negative, or without a positive.</summary>
    public void Consume(MinedPair pair)
    {
        _pair[0] = pair.IsPositive
            ? new Triplet(pair.Anchor, pair.Other, -1, pair.Distance, float.NaN)
            : new Triplet(pair.Anchor, -1, pair.Other, float.NaN, pair.Distance);
        Consume(_pair);
    }
}
