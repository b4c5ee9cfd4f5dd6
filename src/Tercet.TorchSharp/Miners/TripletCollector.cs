using Tercet.Mining;

namespace Tercet.TorchSharp;

/// <summary>Holds a stream of triplets in one array that grows.</summary>
internal sealed class TripletCollector : ITripletConsumer
{
    public Triplet[] Triplets { get; private set; } = [];

    public int Count { get; private set; }

    public void Begin(Triplet[] triplets) => (Triplets, Count) = (triplets, 0);

    public void Consume(ReadOnlySpan<Triplet> triplets)
    {
        if (Triplets.Length - Count < triplets.Length)
        {
            Triplet[] longer = new Triplet[Math.Max(Count + triplets.Length, Math.Min(2L * Triplets.Length, Array.MaxLength))];
            Triplets.AsSpan(0, Count).CopyTo(longer);
            Triplets = longer;
        }

        triplets.CopyTo(Triplets.AsSpan(Count));
        Count += triplets.Length;
    }
}
