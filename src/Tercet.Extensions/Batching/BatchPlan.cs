namespace Tercet.Extensions.Batching;

/// <summary>What a batcher goes by.</summary>
/// <param name="Size">Requests of a batch.</param>
/// <param name="Capacity">Most requests that wait.</param>
/// <param name="Wait">Ticks of the stopwatch that a batch waits for company.</param>
/// <param name="Deadline">Ticks of the stopwatch that a request waits for a place.</param>
/// <param name="Expected">Ticks of the stopwatch that a batch of this size is expected to take, before any was seen.</param>
internal sealed record BatchPlan(int Size, int Capacity, long Wait, long Deadline, double Expected);
