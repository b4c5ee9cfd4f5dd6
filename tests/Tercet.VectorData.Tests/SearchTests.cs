using System.Linq.Expressions;
using Microsoft.Extensions.VectorData;

namespace Tercet.VectorData.Tests;

public sealed class SearchTests : IDisposable
{
    private static readonly string[] TwoPeople = ["bob", "Zoë \"z\""];

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    // What a filter means is what LINQ makes of it.
    private static readonly Expression<Func<Face, bool>>[] Filters =
    [
        face => true,
        face => face.Person == "ann",
        face => "ann" == face.Person,
        face => face.Person != "ann",
        face => face.Person == null,
        face => face.Person != null,
        face => face.Person == "nobody",
        face => face.Person == TestStore.Data[4].Person,
        face => !(face.Person == "ann"),
        face => face.Person == "ann" && face.Path == "a/2.jpg",
        face => face.Person == "bob" || face.Key == 1,
        face => (face.Person == "bob" || face.Person == "ann") && face.Key > 1,
        face => face.Person == "bob" || (face.Person == "ann" && face.Key <= 1),
        face => face.Key < 3,
        face => 3 >= face.Key,
        face => face.Key != 3,
        face => TwoPeople.Contains(face.Person),
        face => new[] { "ann", "eve" }.Contains(face.Person),
        face => new List<long> { 2, 5 }.Contains(face.Key),
        face => !new[] { 2L, 5L }.Contains(face.Key),
        face => face.Taken == null,
        face => face.Taken != null,
        face => face.Taken > DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_001),
        face => face.Taken <= DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_003),
        face => face.Taken == new DateTimeOffset(2023, 11, 14, 22, 13, 20, 1, TimeSpan.Zero),
    ];

    public static TheoryData<int> FilterNumbers => [.. Enumerable.Range(0, Filters.Length)];

    [Theory]
    [MemberData(nameof(FilterNumbers))]
    public async Task Filter_OfEverySupportedKind_ChoosesWhatLinqChooses(int number)
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        Face[] expected = [.. TestStore.Data.Where(Filters[number].Compile())];
        Assert.Equal(expected.Select(face => face.Key), await faces.GetAsync(Filters[number], top: 100).Select(face => face.Key).ToListAsync());

        float[] query = [1, 2, 5];
        List<VectorSearchResult<Face>> found = await faces.SearchAsync(query, top: 100, new() { Filter = Filters[number], IncludeVectors = true }).ToListAsync();
        Assert.Equal(expected.OrderBy(face => Distance(face, query)).Select(face => face.Key), found.Select(result => result.Record.Key));
        Assert.All(found, result => Assert.Equal(Distance(result.Record, query), result.Score!.Value, 1e-5));
    }

    [Fact]
    public async Task Filter_ThatAGalleryCannotAnswer_IsRefused()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        byte[] digest = [1];
        foreach (Expression<Func<Face, bool>> filter in (Expression<Func<Face, bool>>[])
            [face => face.Person!.Length == 3, face => face.Path.StartsWith("a/"), face => face.Digest == digest, face => face.Person == face.Path, face => face.Vector.Length == 3])
        {
            await Assert.ThrowsAsync<NotSupportedException>(async () => await faces.SearchAsync(new float[3], top: 1, new() { Filter = filter }).ToListAsync());
            await Assert.ThrowsAsync<NotSupportedException>(async () => await faces.GetAsync(filter, top: 1).ToListAsync());
        }
    }

    [Fact]
    public async Task Get_OrderedAndPaged_FollowsLinq()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        IEnumerable<long> expected = TestStore.Data.Where(face => face.Key > 1).OrderByDescending(face => face.Person, StringComparer.Ordinal).ThenByDescending(face => face.Key).Skip(1).Take(2).Select(face => face.Key);
        List<long> actual = await faces.GetAsync(face => face.Key > 1, top: 2, new() { OrderBy = order => order.Descending(face => face.Person).Descending(face => face.Key), Skip = 1 }).Select(face => face.Key).ToListAsync();
        Assert.Equal(expected, actual);

        actual = await faces.GetAsync(_ => true, top: 9, new() { OrderBy = order => order.Ascending(face => face.Taken) }).Select(face => face.Key).ToListAsync();
        Assert.Equal(TestStore.Data.OrderBy(face => face.Taken).Select(face => face.Key), actual);
        await Assert.ThrowsAsync<NotSupportedException>(async () => await faces.GetAsync(_ => true, top: 9, new() { OrderBy = order => order.Ascending(face => face.Digest) }).ToListAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Search_TopSkipAndThreshold_CutTheOrderedList(bool includeVectors)
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        VectorSearchResult<Face> first = await faces.SearchAsync(TestStore.Data[0].Vector, top: 1, new() { IncludeVectors = includeVectors }).SingleAsync();
        TestStore.Data[0].AssertIs(first.Record, includeVectors);
        Assert.Equal(0, first.Score);

        Assert.Equal([2L, 3L], await Keys(faces, new float[] { 1, 2, 3 }, 2, new() { Skip = 1 }));
        Assert.Equal([1L, 2L], await Keys(faces, new float[] { 1, 2, 3 }, 9, new() { ScoreThreshold = 1 }));
        Assert.Equal([2L], await Keys(faces, new float[] { 1, 2, 3 }, 9, new() { ScoreThreshold = 1, Skip = 1 }));
        Assert.Empty(await Keys(faces, new float[] { 1, 2, 3 }, 9, new() { Skip = 9 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Keys(faces, new float[3], 0));
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Keys(faces, new float[4], 1));
        await Assert.ThrowsAsync<NotSupportedException>(async () => await faces.SearchAsync("a text", top: 1).ToListAsync());
    }

    [Fact]
    public async Task Search_MoreThanOneSearchHolds_FindsThemAll()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        Random random = new(3);
        Face[] many = [.. Enumerable.Range(0, 1500).Select(i => new Face { Key = 1000 + i, Person = i % 3 == 0 ? "crowd" : "", Vector = new([random.NextSingle(), random.NextSingle(), random.NextSingle()]) })];
        await faces.UpsertAsync(many);
        float[] query = [0.5f, 0.5f, 0.5f];
        Assert.Equal(many.OrderBy(face => Distance(face, query)).ThenBy(face => face.Key).Take(1400).Select(face => face.Key), await Keys(faces, query, 1400));
        Assert.Equal(many.Where(face => face.Person == "crowd").OrderBy(face => Distance(face, query)).ThenBy(face => face.Key).Select(face => face.Key), await Keys(faces, query, 2000, new() { Filter = face => face.Person == "crowd" }));
    }

    // Scores of the same vector, the opposite one and a perpendicular one, as the conformance suite has them, and in which order they come.
    [Theory]
    [InlineData(DistanceFunction.CosineDistance, 0, 2, 1, new[] { 0, 2, 1 })]
    [InlineData(DistanceFunction.CosineSimilarity, 1, -1, 0, new[] { 0, 2, 1 })]
    [InlineData(null, 1, -1, 0, new[] { 0, 2, 1 })]
    [InlineData(DistanceFunction.DotProductSimilarity, 1, -1, 0, new[] { 0, 2, 1 })]
    [InlineData(DistanceFunction.NegativeDotProductSimilarity, -1, 1, 0, new[] { 0, 2, 1 })]
    [InlineData(DistanceFunction.EuclideanDistance, 0, 2, 1.7320508, new[] { 0, 2, 1 })]
    [InlineData(DistanceFunction.EuclideanSquaredDistance, 0, 4, 3, new[] { 0, 2, 1 })]
    public async Task Search_EveryDistanceFunction_HasItsScoresAndOrder(string? function, double same, double opposite, double perpendicular, int[] order)
    {
        VectorStoreCollection<object, Dictionary<string, object?>> records = _test.Store.GetDynamicCollection("d", new()
        {
            Properties = [new VectorStoreKeyProperty("key", typeof(int)), new VectorStoreVectorProperty("vector", typeof(float[]), 4) { DistanceFunction = function, IndexKind = IndexKind.Flat }],
        });
        await records.EnsureCollectionExistsAsync();
        await records.UpsertAsync([Record(0, [1, 0, 0, 0]), Record(1, [-1, 0, 0, 0]), Record(2, [0, -1, -1, 0])]);
        List<VectorSearchResult<Dictionary<string, object?>>> found = await records.SearchAsync(new float[] { 1, 0, 0, 0 }, top: 3).ToListAsync();
        Assert.Equal(order, found.Select(result => (int)result.Record["key"]!));
        double[] scores = [same, opposite, perpendicular];
        Assert.Equal(order.Select(i => scores[i]), found.Select(result => Math.Round(result.Score!.Value, 7)));
        Assert.Equal(2, await records.SearchAsync(new float[] { 1, 0, 0, 0 }, top: 3, new() { ScoreThreshold = found[1].Score }).CountAsync());

        static Dictionary<string, object?> Record(int key, float[] vector) => new() { ["key"] = key, ["vector"] = vector };
    }

    [Fact]
    public async Task Search_AfterRandomChanges_IsThatOfAList()
    {
        VectorStoreCollection<long, Face> faces = await _test.Filled();
        Dictionary<long, Face> expected = TestStore.Data.ToDictionary(face => face.Key);
        Random random = new(11);
        for (int step = 0; step < 60; step++)
        {
            Face[] put = [.. Enumerable.Range(0, random.Next(4)).Select(_ => new Face { Key = random.Next(30), Person = random.Next(3) == 0 ? null : $"p{random.Next(3)}", Vector = new([random.Next(9), random.Next(9), random.Next(9)]) })];
            long[] removed = [.. Enumerable.Range(0, random.Next(3)).Select(_ => (long)random.Next(30))];
            await faces.UpsertAsync(put);
            await faces.DeleteAsync(removed);
            foreach (Face face in put)
                expected[face.Key] = face;
            foreach (long key in removed)
                expected.Remove(key);

            float[] query = [random.Next(9), random.Next(9), random.Next(9)];
            string person = $"p{random.Next(3)}";
            Assert.Equal(Ordered(expected.Values, query).Take(7), await Keys(faces, query, 7));
            Assert.Equal(Ordered(expected.Values.Where(face => face.Person == person), query).Skip(1).Take(3), await Keys(faces, query, 3, new() { Skip = 1, Filter = face => face.Person == person }));
            Assert.Equal(Ordered(expected.Values.Where(face => face.Person == person || face.Key < 9), query), await Keys(faces, query, 99, new() { Filter = face => face.Person == person || face.Key < 9 }));
        }
    }

    private static IEnumerable<long> Ordered(IEnumerable<Face> faces, float[] query) => faces.OrderBy(face => Distance(face, query)).ThenBy(face => face.Key).Select(face => face.Key);

    private static double Distance(Face face, float[] query) => query.Select((value, k) => Math.Pow(face.Vector.Span[k] - (double)value, 2)).Sum();

    private static async Task<List<long>> Keys(VectorStoreCollection<long, Face> faces, float[] query, int top, VectorSearchOptions<Face>? options = null) =>
        await faces.SearchAsync(query, top, options).Select(result => result.Record.Key).ToListAsync();
}
