using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Bench;

/// <summary>Reads a gallery's bytes once a call, on several threads in chunks as a search does: what a search that reads them all cannot beat.</summary>
internal sealed class GalleryReader(PinnedBuffer<float> gallery, int threads) : ITeamJob, IDisposable
{
    private const int ChunkFloats = 256 << 10;

    private readonly WorkerTeam _team = new();

    /// <summary>Reads every float; returns how many.</summary>
    public long Read()
    {
        _team.Run(this, (gallery.Length + ChunkFloats - 1) / ChunkFloats, threads, CancellationToken.None);
        return gallery.Length;
    }

    public void Execute(int worker, int item)
    {
        int start = item * ChunkFloats;
        ReadBandwidth.Sum(gallery.Span.Slice(start, Math.Min(ChunkFloats, gallery.Length - start)));
    }

    public void Dispose() => _team.Dispose();
}
