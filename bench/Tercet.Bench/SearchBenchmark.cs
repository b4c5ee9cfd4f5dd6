using BenchmarkDotNet.Attributes;
using CommunityToolkit.HighPerformance;
using Tercet.Memory;
using Tercet.Search;

namespace Tercet.Bench;

/// <summary>Top-10 over 100,000 normal rows: one query and a batch of 1,000, with and without the int8 companion, beside one pass over the gallery's bytes.</summary>
[MemoryDiagnoser]
public class SearchBenchmark : IDisposable
{
    private const int Rows = 100_000;
    private const int Queries = 1000;
    private const int K = 10;

    private readonly Neighbor[] _nearest = new Neighbor[K];
    private readonly Neighbor[,] _nearestOfBatch = new Neighbor[Queries, K];
    private float[,] _queries = null!;
    private float[] _query = null!;
    private PinnedMatrix _gallery = null!;
    private FlatIndex _index = null!;

    [Params(128, 512)]
    public int Dimension { get; set; }

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params(SearchFilter.None, SearchFilter.Int8)]
    public SearchFilter Filter { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        var random = new Random(1);
        _gallery = new PinnedMatrix(Rows, Dimension);
        Fill(random, _gallery.Buffer.Span);
        _queries = new float[Queries, Dimension];
        Fill(random, _queries.AsSpan());
        _query = _queries.GetRow(0).ToArray();
        _index = new FlatIndex(_gallery, new FlatIndexOptions { Threads = Threads, Filter = Filter });
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _index?.Dispose();
        _gallery?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public int Search() => _index.Search(_query, _nearest);

    [Benchmark]
    public int SearchBatch() => _index.SearchBatch(_queries, K, _nearestOfBatch);

    /// <summary>What reading the gallery once costs, on one thread.</summary>
    [Benchmark]
    public float ReadGallery() => System.Numerics.Tensors.TensorPrimitives.Sum<float>(_gallery.Buffer.Span);

    private static void Fill(Random random, Span<float> values)
    {
        foreach (ref float value in values)
            value = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
    }
}
