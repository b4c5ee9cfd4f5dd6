using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Bench;

/// <summary>Reads a gallery's bytes once a call, on several threads in chunks as a search does: what a search that reads them all cannot beat.</summary>
internal sealed class GalleryReader(PinnedBuffer<float> gallery, int threads, bool ownsGallery = false) : ITeamJob, IDisposable
{
    private const int ChunkFloats = 256 << 10;

    private readonly WorkerTeam _team = new();
    private float _lastSum;

    /// <summary>Reads every float; returns how many.</summary>
    public long Read()
    {
        _team.Run(this, (gallery.Length + ChunkFloats - 1) / ChunkFloats, threads, CancellationToken.None);
        return gallery.Length;
    }

    public void Execute(int worker, int item)
    {
        int start = item * ChunkFloats;

        // Kept: of a sum that nobody asks for, inlined, .NET 10 leaves out three loads in four.
        Volatile.Write(ref _lastSum, Sum(gallery.Span.Slice(start, Math.Min(ChunkFloats, gallery.Length - start))));
    }

    public void Dispose()
    {
        _team.Dispose();
        if (ownsGallery)
            gallery.Dispose();
    }

    // Every value but the last few, up to 63.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float Sum(ReadOnlySpan<float> values)
    {
        Vector512<float> a = default, b = default, c = default, d = default;
        while (values.Length >= 64)
        {
            a += Vector512.Create(values);
            b += Vector512.Create(values[16..]);
            c += Vector512.Create(values[32..]);
            d += Vector512.Create(values[48..]);
            values = values[64..];
        }

        return Vector512.Sum(a + b + c + d);
    }
}
