using System.Diagnostics;
using Tercet.Extensions.Telemetry;
using Tercet.Forward;

namespace Tercet.Extensions.Batching;

/// <summary>
/// Gives requests places in the batches of its workers. A request gets a free place at once, or waits in its caller's queue, or is refused; one that is given up before its batch
/// begins leaves its place to another. Safe to use from many threads.
/// </summary>
internal sealed class MicroBatcher : IDisposable
{
    // How much the last batch counts in what a batch is expected to take.
    private const double Freshness = 0.2;

    private readonly Lock _gate = new();
    private readonly FairQueue _queue = new();
    private readonly Stack<EmbedRequest> _idle = new();
    private readonly BatchWorker[] _workers;
    private readonly BatchPlan _plan;
    private readonly EmbedderTelemetry _telemetry;
    private readonly int _dimension;
    private double _batchTicks;
    private int _underWay;
    private bool _isStopping;
    private TaskCompletionSource? _drained;
    private Exception? _lastFailure;

    /// <summary>Starts one worker on each embedder, which it owns from then on.</summary>
    public MicroBatcher(IReadOnlyList<OnnxEmbedder> embedders, BatchPlan plan, EmbedderTelemetry telemetry)
    {
        _plan = plan;
        _batchTicks = plan.Expected;
        _telemetry = telemetry;
        _dimension = embedders[0].Dimension;
        _workers = [.. embedders.Select(embedder => new BatchWorker(this, _gate, embedder, plan, telemetry))];
        foreach (BatchWorker worker in _workers)
            worker.Start();
    }

    /// <summary>Requests that wait for a place.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
                return _queue.Count;
        }
    }

    /// <summary>Whether new requests are refused because the service ends.</summary>
    public bool IsStopping => Volatile.Read(ref _isStopping);

    /// <summary>What the last batch failed of; null where it did not.</summary>
    public Exception? LastFailure => Volatile.Read(ref _lastFailure);

    /// <summary>Bytes that the workers' threads have allocated on the managed heap, as of their last batches.</summary>
    public long AllocatedBytes
    {
        get
        {
            long total = 0;
            lock (_gate)
            {
                foreach (BatchWorker worker in _workers)
                    total += worker.AllocatedBytes;
            }

            return total;
        }
    }

    /// <summary>An object for one request, to be given to <see cref="Submit"/>.</summary>
    public EmbedRequest Rent(string? caller, bool isBlocking, CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        EmbedRequest? request;
        lock (_gate)
            _idle.TryPop(out request);
        request ??= new EmbedRequest(this, _dimension);
        (request.State, request.IsCancelled, request.IsBlocking, request.Caller, request.Token) = (RequestState.New, false, isBlocking, caller, token);
        return request;
    }

    /// <summary>Takes back what has been awaited.</summary>
    public void TakeBack(EmbedRequest request)
    {
        lock (_gate)
            _idle.Push(request);
    }

    /// <summary>Finds a place for a request.</summary>
    /// <returns>Whether it has one, which the calling thread is to fill; else it waits.</returns>
    /// <exception cref="TercetOverloadedException">It was refused.</exception>
    /// <exception cref="OperationCanceledException">It was given up meanwhile.</exception>
    public bool Submit(EmbedRequest request)
    {
        request.Arrived = Stopwatch.GetTimestamp();
        if (request.Token.CanBeCanceled)
            request.Registration = request.Token.UnsafeRegister(static state => ((EmbedRequest)state!).GiveUp(), request);

        OverloadReason? refused = null;
        bool isCancelled;
        BatchWorker? worker = null;
        lock (_gate)
        {
            isCancelled = request.IsCancelled;
            if (!isCancelled)
            {
                worker = _queue.Count == 0 && !_isStopping ? FindPlace() : null;
                if (worker is null)
                    refused = WhyNotWait(request);
                if (refused is null)
                    Accept(request, worker);
            }
        }

        if (!isCancelled && refused is null)
            return worker is not null;
        CancellationToken token = request.Token;
        request.Discard();
        token.ThrowIfCancellationRequested();
        throw _telemetry.Refuse(refused!.Value, _plan);
    }

    /// <summary>A place has been filled, or could not be.</summary>
    public void Finish(EmbedRequest request, Exception? failure)
    {
        BatchWorker worker = request.Worker!;
        bool wakes;
        lock (_gate)
        {
            request.Filled = Stopwatch.GetTimestamp();
            if (failure is null && request.IsCancelled)
                failure = new OperationCanceledException(request.Token);
            wakes = worker.EndFilling(request, isUsable: failure is null);
            if (failure is not null)
                End(request);
        }

        if (wakes)
            worker.Wake();
        if (failure is null)
            return;
        _telemetry.Fail(request, failure);
        request.Answer(failure);
    }

    /// <summary>The caller of a request has given it up.</summary>
    public void Abandon(EmbedRequest request)
    {
        lock (_gate)
        {
            switch (request.State)
            {
                case RequestState.New or RequestState.Filling:
                    request.IsCancelled = true;
                    return;
                case RequestState.Waiting:
                    _queue.Remove(request);
                    break;
                case RequestState.Ready:
                    request.Worker!.Vacate(request);
                    break;
                default:
                    return;
            }

            End(request);
        }

        request.Worker?.Wake();
        OperationCanceledException failure = new(request.Token);
        _telemetry.Fail(request, failure);
        request.Answer(failure);
    }

    /// <summary>The next request to get a place, under the lock; those whose deadline has passed are put into <paramref name="late"/>.</summary>
    public EmbedRequest? TakeWaiting(long now, List<EmbedRequest> late)
    {
        while (_queue.TryTake() is { } request)
        {
            if (now - request.Arrived <= _plan.Deadline)
                return request;
            End(request);
            late.Add(request);
        }

        return null;
    }

    /// <summary>Answers requests whose deadline has passed.</summary>
    public void AnswerLate(List<EmbedRequest> late)
    {
        foreach (EmbedRequest request in late)
        {
            TercetOverloadedException failure = _telemetry.Refuse(OverloadReason.Deadline, _plan);
            request.Answer(failure);
        }

        late.Clear();
    }

    /// <summary>A request has its answer, or is about to get it; under the lock.</summary>
    public void End(EmbedRequest request)
    {
        request.State = RequestState.Done;
        if (--_underWay == 0 && _isStopping)
            _drained?.TrySetResult();
    }

    /// <summary>A batch took so long from its first place to its end, and failed of something or nothing; under the lock.</summary>
    public void Learn(long ticks, Exception? failure)
    {
        _batchTicks += Freshness * (ticks - _batchTicks);
        Volatile.Write(ref _lastFailure, failure);
    }

    /// <summary>Whether no worker gets a request any more that has none now; under the lock.</summary>
    public bool IsOver => _isStopping && _queue.Count == 0;

    /// <summary>Refuses new requests and answers the accepted ones. After <paramref name="timeout"/>, those that still wait for a place are refused.</summary>
    public async Task DrainAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        Task drained = BeginStop();
        try
        {
            await drained.WaitAsync(timeout, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            RefuseWaiting();
        }
    }

    /// <summary>Refuses what waits, lets running batches end, and frees the workers.</summary>
    public void Dispose()
    {
        BeginStop();
        RefuseWaiting();
        foreach (BatchWorker worker in _workers)
            worker.Dispose();

        // Callers that were answered last may still be giving their requests back.
        lock (_gate)
        {
            while (_idle.TryPop(out EmbedRequest? request))
                request.Dispose();
        }
    }

    private Task BeginStop()
    {
        Task drained;
        lock (_gate)
        {
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Volatile.Write(ref _isStopping, true);
            if (_underWay == 0)
                _drained.TrySetResult();
            drained = _drained.Task;
        }

        foreach (BatchWorker worker in _workers)
            worker.Wake();
        return drained;
    }

    private void RefuseWaiting()
    {
        List<EmbedRequest> refused = [];
        lock (_gate)
        {
            while (_queue.TryTake() is { } request)
            {
                End(request);
                refused.Add(request);
            }
        }

        foreach (EmbedRequest request in refused)
            request.Answer(_telemetry.Refuse(OverloadReason.Stopping, _plan));
        foreach (BatchWorker worker in _workers)
            worker.Wake();
    }

    private void Accept(EmbedRequest request, BatchWorker? worker)
    {
        _underWay++;
        if (worker is not null)
        {
            worker.Grant(request, request.Arrived);
            return;
        }

        (request.State, request.Worker) = (RequestState.Waiting, null);
        _queue.Add(request);
    }

    // The batch with the most company: it will begin soonest.
    private BatchWorker? FindPlace()
    {
        BatchWorker? best = null;
        foreach (BatchWorker worker in _workers)
        {
            if (worker.HasPlace && (best is null || worker.Taken > best.Taken))
                best = worker;
        }

        return best;
    }

    private OverloadReason? WhyNotWait(EmbedRequest request)
    {
        int free = _plan.Capacity - _queue.Count;
        return this switch
        {
            _ when _isStopping => OverloadReason.Stopping,
            _ when free <= 0 => OverloadReason.QueueFull,
            _ when request.Caller is not null && _queue.CountOf(request.Caller) >= free => OverloadReason.CallerShare,
            _ when (_queue.Count + 1) * _batchTicks / (_plan.Size * _workers.Length) > _plan.Deadline => OverloadReason.Deadline,
            _ => null,
        };
    }
}
