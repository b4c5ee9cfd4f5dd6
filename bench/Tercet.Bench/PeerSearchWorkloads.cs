using CommunityToolkit.HighPerformance;
using Tercet.Backends.Cpu;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Search;

namespace Tercet.Bench;

/// <summary>
/// The ten nearest rows of a gallery, for a batch of queries in one call and for one query a call, each call the next one; and one pass over the gallery's
/// bytes on as many threads.
/// </summary>
internal sealed class PeerSearchWorkloads : IPeerWorkloads
{
    private const int K = 10;
    private const int SinglesChecked = 100;
    private const string Probe = "single-probe:";

    private readonly PinnedMatrix _gallery;
    private readonly PinnedMatrix _queries;
    private readonly FlatIndex _plain;
    private readonly FlatIndex _filtered;
    private readonly Lazy<FlatIndex> _cells;
    private readonly GalleryReader _reader;
    private readonly Neighbor[,] _nearest;
    private readonly Neighbor[] _nearestOfOne = new Neighbor[K];
    private readonly Dictionary<string, Func<long>> _byName;
    private int _next;

    public PeerSearchWorkloads(string gallery, string queries, int threads)
    {
        _gallery = NpyFile.ReadMatrix(gallery);
        _queries = NpyFile.ReadMatrix(queries);
        _nearest = new Neighbor[_queries.Rows, K];
        _plain = new FlatIndex(_gallery, new FlatIndexOptions { Threads = threads });
        _filtered = new FlatIndex(_gallery, new FlatIndexOptions { Threads = threads, Filter = SearchFilter.Int8 });
        _cells = new Lazy<FlatIndex>(() => new FlatIndex(_gallery, new FlatIndexOptions { Threads = threads, Filter = SearchFilter.Cells }));
        _reader = new GalleryReader(_gallery.Buffer, threads);
        _byName = new Dictionary<string, Func<long>>
        {
            ["batch"] = () => Batch(_plain),
            ["batch-int8"] = () => Batch(_filtered),
            ["batch-cells"] = () => Batch(_cells.Value),
            ["single"] = () => Single(_plain),
            ["single-int8"] = () => Single(_filtered),
            ["single-cells"] = () => Single(_cells.Value),
            ["read"] = _reader.Read,
        };
    }

    public string Backend => $"cpu ({CpuBackend.SupportedLanes[0]})";

    /// <summary>One of the names above, or <c>single-probe:N</c>: of one query a call only the N nearest cells.</summary>
    public Func<long> this[string name] => _byName.TryGetValue(name, out Func<long>? workload) ? workload
        : name.StartsWith(Probe, StringComparison.Ordinal) && int.TryParse(name.AsSpan(Probe.Length), out int probes) ? () => _cells.Value.SearchApproximately(NextQuery(), probes, _nearestOfOne)
        : throw new ArgumentException($"'{name}' is none of {string.Join(", ", _byName.Keys)}.", nameof(name));

    public long Write(string name, string path)
    {
        bool single = name.StartsWith("single", StringComparison.Ordinal);
        int calls = !single ? 1 : name is "single" or "single-int8" ? Math.Min(SinglesChecked, _queries.Rows) : _queries.Rows;
        _next = 0;
        long count = 0;
        using BinaryWriter writer = new(File.Create(path));
        for (int call = 0; call < calls; call++)
        {
            count += this[name]();
            foreach (Neighbor neighbor in single ? _nearestOfOne : _nearest.AsSpan())
                writer.Write((long)neighbor.Row);
        }

        return count;
    }

    public void Dispose()
    {
        _reader.Dispose();
        _filtered.Dispose();
        if (_cells.IsValueCreated)
            _cells.Value.Dispose();
        _plain.Dispose();
        _queries.Dispose();
        _gallery.Dispose();
    }

    private long Batch(FlatIndex index) => (long)_queries.Rows * index.SearchBatch(_queries.Span, K, _nearest);

    private long Single(FlatIndex index) => index.Search(NextQuery(), _nearestOfOne);

    private ReadOnlySpan<float> NextQuery()
    {
        ReadOnlySpan<float> query = _queries.Span.GetRowSpan(_next);
        _next = (_next + 1) % _queries.Rows;
        return query;
    }
}
