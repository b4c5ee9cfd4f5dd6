namespace Tercet.Extensions.Batching;

/// <summary>
/// Waiting requests, taken one of each caller in turn. Nothing is allocated once as many callers have been seen at a time as come. Not safe to use from many threads.
/// </summary>
internal sealed class FairQueue
{
    private static readonly string Nobody = new('\0', 1);

    private readonly Dictionary<string, CallerQueue> _callers = new(StringComparer.Ordinal);
    private readonly Stack<CallerQueue> _idle = new();

    // The callers with something waiting, in a ring; its turn comes next.
    private CallerQueue? _turn;

    public int Count { get; private set; }

    /// <summary>How many of a caller's requests wait.</summary>
    public int CountOf(string? caller) => _callers.TryGetValue(caller ?? Nobody, out CallerQueue? queue) ? queue.Count : 0;

    public void Add(EmbedRequest request)
    {
        string caller = request.Caller ?? Nobody;
        if (!_callers.TryGetValue(caller, out CallerQueue? queue))
        {
            queue = _idle.TryPop(out CallerQueue? reused) ? reused : new CallerQueue();
            queue.Caller = caller;
            _callers.Add(caller, queue);
            Join(queue);
        }

        queue.Add(request);
        Count++;
    }

    /// <summary>The request whose turn it is, removed.</summary>
    public EmbedRequest? TryTake()
    {
        if (_turn?.First is not { } request)
            return null;
        CallerQueue next = _turn.Next!;
        Remove(request);
        if (_turn is not null)
            _turn = next;
        return request;
    }

    public void Remove(EmbedRequest request)
    {
        CallerQueue queue = request.Queue!;
        queue.Remove(request);
        Count--;
        if (queue.Count > 0)
            return;
        Leave(queue);
        _callers.Remove(queue.Caller!);
        queue.Caller = null;
        _idle.Push(queue);
    }

    // Behind the one whose turn it is: a newcomer waits for everybody once.
    private void Join(CallerQueue queue)
    {
        if (_turn is null)
        {
            (queue.Next, queue.Previous, _turn) = (queue, queue, queue);
            return;
        }

        (queue.Next, queue.Previous) = (_turn, _turn.Previous);
        _turn.Previous!.Next = queue;
        _turn.Previous = queue;
    }

    private void Leave(CallerQueue queue)
    {
        if (queue.Next == queue)
        {
            _turn = null;
        }
        else
        {
            queue.Previous!.Next = queue.Next;
            queue.Next!.Previous = queue.Previous;
            if (_turn == queue)
                _turn = queue.Next;
        }

        (queue.Next, queue.Previous) = (null, null);
    }
}
