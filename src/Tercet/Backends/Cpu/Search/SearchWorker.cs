using Tercet.Memory;

namespace Tercet.Backends.Cpu.Search;

/// <summary>One worker's lists and scratch.</summary>
internal sealed unsafe class SearchWorker(SearchPass pass, int scores, int tailFloats) : IDisposable
{
    private readonly PinnedBuffer<float> _scores = new(scores);
    private readonly PinnedBuffer<float> _tail = new(tailFloats);

    public CandidateLists Lists { get; } = new(pass);

    public float* Scores => (float*)_scores.DangerousGetAddress();

    /// <summary>Copies the last rows of the gallery, fewer than a tile has, in front of rows of zeros.</summary>
    // SAFETY: the scratch holds a tile's rows.
    public float* CopyTail(GalleryRows gallery, int first, int count)
    {
        _tail.Span.Clear();
        for (int row = 0; row < count; row++)
            new ReadOnlySpan<float>(gallery.Source[first + row], gallery.Depth).CopyTo(_tail.Span[(row * gallery.Depth)..]);
        return (float*)_tail.DangerousGetAddress();
    }

    public void Dispose()
    {
        Lists.Dispose();
        _scores.Dispose();
        _tail.Dispose();
    }
}
