namespace Tercet.Galleries.Segments;

/// <summary>Working memory that no search has at the moment. A pool of the runtime would give it up to a collection, and the next search would pay for it.</summary>
internal sealed class IdleScratch
{
    private readonly Stack<SearchScratch> _idle = new();
    private readonly Lock _lock = new();

    public SearchScratch Rent()
    {
        lock (_lock)
            return _idle.TryPop(out SearchScratch? scratch) ? scratch : new SearchScratch();
    }

    public void Return(SearchScratch scratch)
    {
        lock (_lock)
            _idle.Push(scratch);
    }
}
