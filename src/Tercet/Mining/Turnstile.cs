namespace Tercet.Mining;

/// <summary>Lets workers through one at a time in ascending order of their numbers, each number exactly once.</summary>
internal sealed class Turnstile
{
    private readonly object _gate = new();
    private int _next;
    private bool _closed;

    /// <summary>Starts again at 0.</summary>
    public void Reset()
    {
        _next = 0;
        _closed = false;
    }

    /// <summary>Waits for the turn of <paramref name="number"/>.</summary>
    /// <returns>Whether it came; not when the turnstile has been closed.</returns>
    public bool Enter(int number)
    {
        lock (_gate)
        {
            while (_next != number && !_closed)
                Monitor.Wait(_gate);
            return !_closed;
        }
    }

    /// <summary>Ends a turn.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            _next++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Sends everybody away: a worker has failed, and its turn will never end.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }
}
