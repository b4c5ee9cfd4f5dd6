using Tercet.Extensions;

namespace Tercet.Server.Endpoints;

/// <summary>Bounds the searches and minings that run and wait: each uses every processor.</summary>
internal sealed class WorkGate(TercetOptions options) : IDisposable
{
    private readonly SemaphoreSlim _room = new(Math.Max(2, Environment.ProcessorCount));
    private int _waiting;

    /// <summary>Runs some work on a thread of the pool.</summary>
    /// <exception cref="TercetOverloadedException">Too much is being done.</exception>
    public async Task<T> Run<T>(Func<T> work, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > options.QueueCapacity)
                throw new TercetOverloadedException(OverloadReason.QueueFull, $"{options.QueueCapacity} searches are waiting; no more may. Try again later.");
            if (!await _room.WaitAsync(options.Deadline, cancellationToken))
                throw new TercetOverloadedException(OverloadReason.Deadline, $"A search has to begin within {options.Deadline.TotalMilliseconds:0} ms. Try again later.");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        try
        {
            return await Task.Run(work, cancellationToken);
        }
        finally
        {
            _room.Release();
        }
    }

    public void Dispose() => _room.Dispose();
}
