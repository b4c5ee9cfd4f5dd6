namespace Tercet.Mining;

/// <summary>Takes a stream of triplets that is too long to hold.</summary>
public interface ITripletConsumer
{
    /// <summary>
    /// Takes the next triplets. Called by one thread at a time, in ascending order of anchor, then positive, then negative row; the span is reused
    /// after the call returns.
    /// </summary>
    /// <param name="triplets">One or more triplets.</param>
    void Consume(ReadOnlySpan<Triplet> triplets);
}
