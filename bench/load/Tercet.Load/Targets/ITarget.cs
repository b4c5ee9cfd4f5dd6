namespace Tercet.Load.Targets;

/// <summary>What is put under load. Safe to use from many threads.</summary>
internal interface ITarget : IAsyncDisposable
{
    /// <summary>Numbers of one embedding.</summary>
    int Dimension { get; }

    /// <summary>Bytes that the target's process has in memory.</summary>
    long ResidentBytes { get; }

    /// <summary>What the target itself reports of its requests.</summary>
    IStageClock Stages { get; }

    /// <summary>Asks for the embedding of an input.</summary>
    /// <param name="input">Which of the inputs.</param>
    /// <param name="embedding">Receives the embedding.</param>
    /// <param name="cancellationToken">Gives the request up.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Task<Outcome> Send(int input, Memory<float> embedding, CancellationToken cancellationToken = default);
}
