namespace Tercet.Extensions.Batching;

/// <summary>How far a request has come.</summary>
internal enum RequestState
{
    /// <summary>Not yet seen by the batcher.</summary>
    New,

    /// <summary>Waits for a place in a batch.</summary>
    Waiting,

    /// <summary>Has a place, which is being filled.</summary>
    Filling,

    /// <summary>Its place is filled; the batch waits for company.</summary>
    Ready,

    /// <summary>Its batch runs.</summary>
    Running,

    /// <summary>Answered.</summary>
    Done,
}
