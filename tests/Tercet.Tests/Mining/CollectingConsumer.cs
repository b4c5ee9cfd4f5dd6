using Tercet.Mining;

namespace Tercet.Tests.Mining;

/// <summary>Keeps what is streamed.</summary>
internal sealed class CollectingConsumer : ITripletConsumer
{
    public List<Triplet> Triplets { get; } = [];

    public void Consume(ReadOnlySpan<Triplet> triplets)
    {
        Assert.False(triplets.IsEmpty);
        Triplets.AddRange(triplets);
    }
}
