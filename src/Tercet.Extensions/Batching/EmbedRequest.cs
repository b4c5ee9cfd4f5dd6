using System.Threading.Tasks.Sources;

namespace Tercet.Extensions.Batching;

/// <summary>
/// One request, reused for the next once it has been awaited. What the batcher reads and writes of it, it does under its lock; the rest belongs to whoever fills or runs it.
/// </summary>
internal sealed class EmbedRequest : IValueTaskSource, IThreadPoolWorkItem, IDisposable
{
    private readonly MicroBatcher _batcher;
    private readonly ManualResetEventSlim _turn = new(false, spinCount: 0);
    private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = true };

    public EmbedRequest(MicroBatcher batcher, int dimension)
    {
        _batcher = batcher;
        Result = new float[dimension];
    }

    /// <summary>Where the embedding of a request that blocks its caller is kept: a caller's span cannot be.</summary>
    public float[] Result { get; }

    public RequestState State { get; set; }

    /// <summary>Whether the caller's thread waits and fills the place itself.</summary>
    public bool IsBlocking { get; set; }

    public ReadOnlyMemory<float> Sample { get; set; }

    public ReadOnlyMemory<byte> Image { get; set; }

    /// <summary>What reads <see cref="Image"/>; null where there is a sample.</summary>
    public ImageReader? Reader { get; set; }

    public Memory<float> Embedding { get; set; }

    public string? Caller { get; set; }

    public CancellationToken Token { get; set; }

    public CancellationTokenRegistration Registration { get; set; }

    public bool IsCancelled { get; set; }

    /// <summary>What it is to be answered with instead of an embedding.</summary>
    public Exception? Failure { get; set; }

    public BatchWorker? Worker { get; set; }

    public int Slot { get; set; }

    public CallerQueue? Queue { get; set; }

    public EmbedRequest? Next { get; set; }

    public EmbedRequest? Previous { get; set; }

    public long Arrived { get; set; }

    public long Granted { get; set; }

    public long Filled { get; set; }

    public bool IsAnsweredWell => _source.GetStatus(_source.Version) == ValueTaskSourceStatus.Succeeded;

    public ValueTask Task => new(this, _source.Version);

    /// <summary>Fills the place from what the request holds, on a thread of the pool or the worker's.</summary>
    public void Execute() => Fill(new HeldFill(this));

    /// <summary>Fills the place and says so. A failure becomes the request's answer.</summary>
    public void Fill<TFill>(TFill fill)
        where TFill : ISlotFill, allows ref struct
    {
        Exception? failure = null;
        try
        {
            fill.Fill(Worker!.SlotSpan(Slot));
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        _batcher.Finish(this, failure);
    }

    /// <summary>Waits until the request has a place or an answer.</summary>
    public void WaitForTurn()
    {
        _turn.Wait();
        _turn.Reset();
    }

    public void GiveTurn() => _turn.Set();

    /// <summary>The caller's token was cancelled.</summary>
    public void GiveUp() => _batcher.Abandon(this);

    /// <summary>Answers; called once a request.</summary>
    public void Answer(Exception? failure)
    {
        // Read first: whoever awaits the answer may have given the object to another request by the time that it is set.
        bool isBlocking = IsBlocking;
        if (failure is null)
            _source.SetResult(true);
        else
            _source.SetException(failure);
        if (isBlocking)
            _turn.Set();
    }

    public void GetResult(short token)
    {
        // The object must not be given to another request while this one has no answer, or after it has been read once: the first throws here, the second by the token.
        if (_source.GetStatus(token) == ValueTaskSourceStatus.Pending)
            throw new InvalidOperationException("The task has not ended. Await it; do not ask it for its result.");
        try
        {
            _source.GetResult(token);
        }
        finally
        {
            Discard();
        }
    }

    /// <summary>Forgets the request and gives the object back.</summary>
    public void Discard()
    {
        // Waits for a cancellation that is being handled: it must not find the next request in this object.
        Registration.Dispose();
        Registration = default;
        _source.Reset();
        _turn.Reset();
        (Image, Sample, Embedding, Token) = (default, default, default, default);
        (Caller, Reader, Worker, Failure) = (null, null, null, null);
        _batcher.TakeBack(this);
    }

    /// <summary>Throws what a blocking request failed of, and gives the object back.</summary>
    public void GetResult() => GetResult(_source.Version);

    public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    public void Dispose() => _turn.Dispose();
}
