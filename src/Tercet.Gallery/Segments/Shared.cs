namespace Tercet.Galleries.Segments;

/// <summary>Something that several hold and the last one frees. Born with one holder.</summary>
internal abstract class Shared : IDisposable
{
    private int _holders = 1;

    /// <summary>One holder more; there must be one already.</summary>
    public void Keep() => Interlocked.Increment(ref _holders);

    /// <summary>One holder less.</summary>
    public void Drop()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
            Free();
    }

    void IDisposable.Dispose() => Drop();

    protected abstract void Free();
}
