using System.Diagnostics;
using CommunityToolkit.HighPerformance;
using Tercet.Extensions.Telemetry;
using Tercet.Forward;

namespace Tercet.Extensions.Batching;

/// <summary>One thread with one set of pinned buffers: hands out the places of a batch, runs it when it is full or has waited long enough, and answers.</summary>
internal sealed class BatchWorker : IDisposable
{
    private readonly MicroBatcher _batcher;
    private readonly Lock _gate;
    private readonly OnnxEmbedder _embedder;
    private readonly BatchPlan _plan;
    private readonly EmbedderTelemetry _telemetry;

    // Never disposed: whoever answers the last request may still be about to set it.
    private readonly AutoResetEvent _signal = new(false);
    private readonly Thread _thread;
    private readonly EmbedRequest?[] _slots;
    private readonly EmbedRequest[] _fresh;
    private readonly List<EmbedRequest> _late = [];
    private int _filling;
    private long _opened;
    private bool _isClosed;

    public BatchWorker(MicroBatcher batcher, Lock gate, OnnxEmbedder embedder, BatchPlan plan, EmbedderTelemetry telemetry)
    {
        (_batcher, _gate, _embedder, _plan, _telemetry) = (batcher, gate, embedder, plan, telemetry);
        _slots = new EmbedRequest?[plan.Size];
        _fresh = new EmbedRequest[plan.Size];
        _thread = new Thread(Work) { IsBackground = true, Name = "tercet batch" };
    }

    /// <summary>Places that are taken; under the lock.</summary>
    public int Taken { get; private set; }

    /// <summary>Whether a request can get a place; under the lock.</summary>
    public bool HasPlace => !_isClosed && Taken < _plan.Size;

    /// <summary>Bytes that the worker's thread has allocated on the managed heap, as of its last batch.</summary>
    public long AllocatedBytes { get; private set; }

    public void Start() => _thread.Start();

    public void Wake() => _signal.Set();

    public Span<float> SlotSpan(int slot) => _embedder.InputSlot(slot);

    /// <summary>Gives a request a place, which somebody is to fill; under the lock.</summary>
    public void Grant(EmbedRequest request, long now)
    {
        int slot = Array.IndexOf(_slots, null);
        _slots[slot] = request;
        (request.State, request.Worker, request.Slot, request.Granted) = (RequestState.Filling, this, slot, now);
        if (Taken++ == 0)
            _opened = now;
        _filling++;
    }

    /// <summary>A place has been filled; under the lock.</summary>
    /// <returns>Whether the worker has to look.</returns>
    public bool EndFilling(EmbedRequest request, bool isUsable)
    {
        _filling--;
        if (isUsable)
            request.State = RequestState.Ready;
        else
            Vacate(request);
        return _filling == 0;
    }

    /// <summary>Takes a place back; under the lock.</summary>
    public void Vacate(EmbedRequest request)
    {
        _slots[request.Slot] = null;
        Taken--;
    }

    /// <summary>Waits for the thread, which ends when everything is answered, and frees the buffers.</summary>
    public void Dispose()
    {
        Wake();
        if (_thread.ThreadState != System.Threading.ThreadState.Unstarted)
            _thread.Join();
        _embedder.Dispose();
    }

    private void Work()
    {
        while (true)
        {
            int fresh = 0;
            bool runs;
            int wait = Timeout.Infinite;
            lock (_gate)
            {
                long now = Stopwatch.GetTimestamp();
                if (Taken == 0)
                    _isClosed = false;
                while (HasPlace && _batcher.TakeWaiting(now, _late) is { } request)
                {
                    Grant(request, now);
                    _fresh[fresh++] = request;
                }

                if (Taken == 0 && _batcher.IsOver && _late.Count == 0)
                    return;
                runs = fresh == 0 && Close(now, ref wait);
            }

            _batcher.AnswerLate(_late);
            if (runs)
                Run();
            else if (fresh > 0)
                FillAll(fresh);
            else
                _signal.WaitOne(wait);
        }
    }

    // Ends the handing out of places when the batch is full or has waited; it runs when nobody is filling any more.
    private bool Close(long now, ref int wait)
    {
        if (Taken == 0)
            return false;
        long left = _opened + _plan.Wait - now;
        if (Taken < _plan.Size && left > 0 && !_batcher.IsStopping)
        {
            wait = (int)Math.Ceiling(left * 1000.0 / Stopwatch.Frequency);
            return false;
        }

        _isClosed = true;
        if (_filling > 0)
            return false;
        foreach (EmbedRequest? request in _slots)
        {
            if (request is not null)
                request.State = RequestState.Running;
        }

        return true;
    }

    // The pool gets all images but one, which this thread would only wait for.
    private void FillAll(int count)
    {
        EmbedRequest? own = null;
        for (int i = 0; i < count; i++)
        {
            EmbedRequest request = _fresh[i];
            if (request.IsBlocking)
            {
                request.GiveTurn();
            }
            else if (request.Reader is null)
            {
                request.Execute();
            }
            else
            {
                if (own is not null)
                    ThreadPool.UnsafeQueueUserWorkItem(own, preferLocal: false);
                own = request;
            }
        }

        own?.Execute();
    }

    private void Run()
    {
        int count = Compact();
        long start = Stopwatch.GetTimestamp();
        Exception? failure = null;
        ReadOnlySpan2D<float> embeddings = default;
        try
        {
            embeddings = _embedder.Run(count);
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        long end = Stopwatch.GetTimestamp();
        _telemetry.Batch(count, start, end);
        for (int i = 0; i < count; i++)
        {
            EmbedRequest request = _slots[i]!;
            request.Failure = failure is null ? TryCopy(embeddings.GetRowSpan(i), request) : new TercetException(failure.Message, failure);
            if (request.Failure is null)
                _telemetry.Done(request, start, end);
            else
                _telemetry.Fail(request, request.Failure);
        }

        lock (_gate)
        {
            for (int i = 0; i < count; i++)
            {
                _fresh[i] = _slots[i]!;
                _batcher.End(_fresh[i]);
            }

            Array.Clear(_slots, 0, count);
            _batcher.Learn(end - _opened, failure);
            (Taken, _isClosed) = (0, false);
            AllocatedBytes = GC.GetAllocatedBytesForCurrentThread();
        }

        // Outside of the lock, and after the last look at the requests: whoever waits may reuse them at once.
        for (int i = 0; i < count; i++)
            _fresh[i].Answer(_fresh[i].Failure);
    }

    // A caller's memory may have gone meanwhile: that is its own failure, not the batch's.
    private static Exception? TryCopy(ReadOnlySpan<float> embedding, EmbedRequest request)
    {
        try
        {
            embedding.CopyTo(request.IsBlocking ? request.Result : request.Embedding.Span);
            return null;
        }
        catch (Exception thrown)
        {
            return thrown;
        }
    }

    // Places that were given up are filled from the end: no run carries them.
    private int Compact()
    {
        int end = _slots.Length;
        int count = 0;
        while (true)
        {
            while (count < end && _slots[count] is not null)
                count++;
            while (end > count && _slots[end - 1] is null)
                end--;
            if (count == end)
                return count;
            SlotSpan(end - 1).CopyTo(SlotSpan(count));
            _slots[count] = _slots[end - 1];
            _slots[--end] = null;
        }
    }
}
