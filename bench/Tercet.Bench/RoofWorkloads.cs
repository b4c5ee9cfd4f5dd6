using Tercet.Backends.Cpu;
using Tercet.Memory;
using Tercet.Threading;

namespace Tercet.Bench;

/// <summary>What the machine can do at most, as calls that can be timed in turn with others: <c>multiply-add</c> between registers, and <c>stream</c>, one pass over 1 GiB that no cache holds.</summary>
internal sealed class RoofWorkloads(int threads) : IPeerWorkloads, ITeamJob
{
    private const int BufferFloats = 256 << 20;
    private const int Items = 64;
    private const int TurnsPerItem = 100_000;

    private readonly WorkerTeam _team = new();
    private readonly Lazy<GalleryReader> _reader = new(() => new GalleryReader(Ones(), threads, ownsGallery: true));
    private long _operations;

    public string Backend => $"cpu ({CpuBackend.SupportedLanes[0]})";

    /// <summary>A call of <c>multiply-add</c> returns its floating-point operations, one of <c>stream</c> its floats.</summary>
    public Func<long> this[string name] => name switch
    {
        "multiply-add" => MultiplyAdd,
        "stream" => _reader.Value.Read,
        _ => throw new ArgumentException($"'{name}' is none of multiply-add, stream.", nameof(name)),
    };

    public long Write(string name, string path) => throw new ArgumentException($"'{name}' selects nothing.", nameof(name));

    public void Execute(int worker, int item) => Interlocked.Add(ref _operations, PeakArithmetic.Run(TurnsPerItem));

    public void Dispose()
    {
        _team.Dispose();
        if (_reader.IsValueCreated)
            _reader.Value.Dispose();
    }

    private static PinnedBuffer<float> Ones()
    {
        PinnedBuffer<float> buffer = new(BufferFloats);
        buffer.Span.Fill(1f);
        return buffer;
    }

    private long MultiplyAdd()
    {
        _operations = 0;
        _team.Run(this, Items, threads, CancellationToken.None);
        return _operations;
    }
}
