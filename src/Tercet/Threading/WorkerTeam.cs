namespace Tercet.Threading;

/// <summary>
/// A few threads that wait for jobs. Unlike the thread pool it allocates nothing per job and never queues behind other work: the caller is
/// worker 0, and when the team is busy with another caller's job it does its own alone.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    private readonly Lock _busy = new();
    private readonly List<Thread> _threads = [];
    private readonly SemaphoreSlim _start = new(0);
    private readonly ManualResetEventSlim _finished = new(false);
    private ITeamJob? _job;
    private CancellationToken _cancellation;
    private Exception? _failure;
    private int _itemCount;
    private int _nextItem;
    private int _nextWorker;
    private int _running;
    private volatile bool _stopping;

    /// <summary>Does all items of a job with up to <paramref name="workers"/> threads, and returns when the last one is done.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled; items not yet begun were left out.</exception>
    public void Run(ITeamJob job, int itemCount, int workers, CancellationToken cancellationToken)
    {
        workers = Math.Min(workers, itemCount);
        if (workers > 1 && _busy.TryEnter())
        {
            try
            {
                RunTogether(job, itemCount, workers, cancellationToken);
            }
            finally
            {
                _busy.Exit();
            }

            return;
        }

        for (int item = 0; item < itemCount; item++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            job.Execute(0, item);
        }
    }

    /// <summary>Ends the threads. No job may be running.</summary>
    public void Dispose()
    {
        lock (_busy)
        {
            _stopping = true;
            if (_threads.Count > 0)
                _start.Release(_threads.Count);
            foreach (Thread thread in _threads)
                thread.Join();
            _threads.Clear();
        }

        _start.Dispose();
        _finished.Dispose();
    }

    private void RunTogether(ITeamJob job, int itemCount, int workers, CancellationToken cancellationToken)
    {
        while (_threads.Count < workers - 1)
        {
            var thread = new Thread(Loop) { IsBackground = true, Name = $"tercet worker {_threads.Count + 1}" };
            _threads.Add(thread);
            thread.Start();
        }

        _job = job;
        _cancellation = cancellationToken;
        _failure = null;
        _itemCount = itemCount;
        _nextItem = 0;
        _nextWorker = 0;
        _running = workers;
        _finished.Reset();
        _start.Release(workers - 1);
        DoItems(0);
        if (Interlocked.Decrement(ref _running) > 0)
            _finished.Wait(CancellationToken.None);

        _job = null;
        if (_failure is not null)
            throw new AggregateException(_failure).Flatten().InnerException!;
        cancellationToken.ThrowIfCancellationRequested();
    }

    private void Loop()
    {
        while (true)
        {
            _start.Wait();
            if (_stopping)
                return;
            DoItems(Interlocked.Increment(ref _nextWorker));
            if (Interlocked.Decrement(ref _running) == 0)
                _finished.Set();
        }
    }

    private void DoItems(int worker)
    {
        try
        {
            while (Volatile.Read(ref _failure) is null && !_cancellation.IsCancellationRequested)
            {
                int item = Interlocked.Increment(ref _nextItem) - 1;
                if (item >= _itemCount)
                    return;
                _job!.Execute(worker, item);
            }
        }
        catch (Exception exception) when (Interlocked.CompareExchange(ref _failure, exception, null) is null)
        {
            // Kept for the caller's thread.
        }
        catch (Exception) when (Volatile.Read(ref _failure) is not null)
        {
            // A second failure adds nothing to the first.
        }
    }
}
