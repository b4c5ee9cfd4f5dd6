using System.Globalization;
using System.Text.Json;
using CommunityToolkit.HighPerformance;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Mining;
using Tercet.Tests.Interchange;

namespace Tercet.Tests.Cli;

public sealed class MineCommandTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Mine_SemiHardToNpyAndCsv_GivesTheEnginesTriplets()
    {
        _folder.WriteBatch(identities: 5, perIdentity: 6, dimension: 8);
        JsonElement json = Mine("--rule", "semi-hard", "--out", "T.npy", "--repeat", "3").Succeeded().Json;
        Mine("--rule", "semi-hard", "--labels", "L.txt", "--out", "T.csv").Succeeded();

        Triplet[] expected = Expected(MiningRule.SemiHard, out MiningStatistics statistics);
        Assert.NotEmpty(expected);
        byte[] bytes = File.ReadAllBytes(_folder["T.npy"]);
        NpyHeader header = NpyFile.ReadHeader(_folder["T.npy"]);
        Assert.Equal((NpyDataType.I8, 2, (long)expected.Length, 3L), (header.Type, header.Rank, header.Rows, header.Columns));
        ReadOnlySpan<long> written = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(bytes.AsSpan((int)header.DataOffset));
        string[] lines = File.ReadAllLines(_folder["T.csv"]);
        Assert.Equal("anchor,positive,negative,d_ap,d_an", lines[0]);
        Assert.Equal(expected.Length + 1, lines.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            Triplet triplet = expected[i];
            Assert.Equal([triplet.Anchor, triplet.Positive, triplet.Negative], written.Slice(3 * i, 3).ToArray());
            string[] fields = lines[i + 1].Split(',');
            Assert.Equal([triplet.Anchor, triplet.Positive, triplet.Negative], fields[..3].Select(int.Parse));
            Assert.Equal(triplet.PositiveDistance, float.Parse(fields[3], CultureInfo.InvariantCulture));
            Assert.Equal(triplet.NegativeDistance, float.Parse(fields[4], CultureInfo.InvariantCulture));
        }

        Assert.Equal(expected.Length, json.GetProperty("triplets").GetInt64());
        Assert.Equal(("semi-hard", "sqeuclidean", 0.2, 30, 8), (json.GetProperty("rule").GetString(), json.GetProperty("metric").GetString(), json.GetProperty("margin").GetDouble(), json.GetProperty("n").GetInt32(), json.GetProperty("d").GetInt32()));
        JsonElement counted = json.GetProperty("statistics");
        Assert.Equal(statistics.Counts!.Value.Hard, counted.GetProperty("hard").GetInt64());
        Assert.Equal(statistics.Counts.Value.SemiHard, counted.GetProperty("semi_hard").GetInt64());
        Assert.Equal(statistics.Counts.Value.Easy, counted.GetProperty("easy").GetInt64());
        foreach (string name in (string[])["anchors", "positive_pairs", "valid_triplets", "selected", "violating_fraction", "mean_positive_distance", "mean_negative_distance", "mean_embedding_norm", "root_mean_square_norm", "mean_pairwise_distance", "spread", "collapse_threshold", "is_collapsed", "empty_reason"])
            Assert.NotEqual(JsonValueKind.Null, counted.GetProperty(name).ValueKind);
        foreach (string name in (string[])["load_ms", "mine_ms", "statistics_ms", "write_ms"])
            Assert.True(json.GetProperty("timings").GetProperty(name).GetDouble() >= 0, name);
        Assert.Equal("T.npy", json.GetProperty("out").GetString());
        Assert.StartsWith("cpu", json.GetProperty("backend").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Mine_EveryRule_WritesAsManyRowsAsItSays()
    {
        _folder.WriteBatch(identities: 4, perIdentity: 5, dimension: 6);
        foreach (string rule in (string[])["batch-hard", "hard-negative", "random-semi-hard", "random-hard", "easy-positive", "distance-weighted", "all", "hard", "semihard", "easy", "multi-similarity"])
        {
            JsonElement json = Mine("--rule", rule, "--out", "T.npy", "--margin", "0.5").Succeeded().Json;
            Assert.Equal(json.GetProperty("triplets").GetInt64(), NpyFile.ReadHeader(_folder["T.npy"]).Rows);
        }
    }

    [Fact]
    public void Mine_Kinds_DivideTheValidTriplets()
    {
        _folder.WriteBatch(identities: 4, perIdentity: 5, dimension: 6);
        long hard = Mine("--rule", "hard", "--statistics", "selected").Succeeded().Json.GetProperty("triplets").GetInt64();
        long semiHard = Mine("--rule", "semihard", "--statistics", "selected").Succeeded().Json.GetProperty("triplets").GetInt64();
        long easy = Mine("--rule", "easy", "--statistics", "selected").Succeeded().Json.GetProperty("triplets").GetInt64();
        JsonElement all = Mine("--rule", "all", "--statistics", "selected").Succeeded().Json;
        Assert.Equal(hard + semiHard, all.GetProperty("triplets").GetInt64());
        Assert.Equal(4 * 5 * 4 * 15, hard + semiHard + easy);
        Assert.Equal(JsonValueKind.Null, all.GetProperty("statistics").GetProperty("hard").ValueKind);
        Assert.Equal(JsonValueKind.Null, all.GetProperty("timings").GetProperty("statistics_ms").ValueKind);
    }

    [Fact]
    public void Mine_MultiSimilarityToCsv_LeavesWhatIsNotMeantEmpty()
    {
        _folder.WriteBatch(identities: 3, perIdentity: 4, dimension: 5);
        Mine("--rule", "multi-similarity", "--epsilon", "10", "--out", "T.csv").Succeeded();
        string[][] rows = [.. File.ReadAllLines(_folder["T.csv"]).Skip(1).Select(line => line.Split(','))];
        Assert.Equal(12 * 11, rows.Length);
        Assert.Equal(12 * 3, rows.Count(row => row is [not "", not "", "", not "", ""]));
        Assert.Equal(12 * 8, rows.Count(row => row is [not "", "", not "", "", not ""]));

        Mine("--rule", "multi-similarity", "--epsilon", "10", "--out", "T.npy").Succeeded();
        byte[] bytes = File.ReadAllBytes(_folder["T.npy"]);
        long[] indices = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(bytes.AsSpan(NpyHeader.FormattedLength)).ToArray();
        Assert.Equal(12 * 11, indices.Count(index => index == -1));
    }

    [Fact]
    public void Mine_NegativeOnlyLabel_IsTakenAsWritten()
    {
        _folder.WriteBatch(identities: 3, perIdentity: 4, dimension: 5);
        JsonElement text = Mine("--labels", "L.txt", "--negative-only-label", "person 1").Succeeded().Json;
        JsonElement number = Mine("--negative-only-label", "1").Succeeded().Json;
        Assert.Equal(8, text.GetProperty("statistics").GetProperty("anchors").GetInt64());
        Assert.Equal(8, number.GetProperty("statistics").GetProperty("anchors").GetInt64());
        Assert.Equal(12, Mine("--negative-only-label", "-1").Succeeded().Json.GetProperty("statistics").GetProperty("anchors").GetInt64());
        CliProcess.Run(_folder.Path, "mine", "--embeddings", "E.npy", "--labels", "L.npy", "--negative-only-label", "none", "--json").Failed(1, "none", "integers");
    }

    [Fact]
    public void Mine_Gallery_UsesItsRowsAndSharesTheLabels()
    {
        _folder.WriteBatch(identities: 3, perIdentity: 4, dimension: 5);
        _folder.WriteRows("A.npy", [1, 0, 0, 0, 0, 0, 1, 0, 0, 0], 5);
        File.WriteAllLines(_folder["A.txt"], ["person 2", "stranger"]);
        JsonElement json = CliProcess.Run(_folder.Path, "mine", "--embeddings", "A.npy", "--labels", "A.txt", "--gallery", "E.npy", "--gallery-labels", "L.txt", "--rule", "hard-negative", "--out", "T.csv", "--json").Succeeded().Json;
        Assert.Equal((2, 12, 4L), (json.GetProperty("n").GetInt32(), json.GetProperty("gallery").GetInt32(), json.GetProperty("triplets").GetInt64()));
        foreach (string line in File.ReadAllLines(_folder["T.csv"]).Skip(1))
        {
            int[] row = [.. line.Split(',').Take(3).Select(int.Parse)];
            Assert.Equal((0, 2), (row[0], row[1] % 3));
            Assert.NotEqual(2, row[2] % 3);
        }

        CliProcess.Run(_folder.Path, "mine", "--embeddings", "A.npy", "--labels", "A.txt", "--gallery", "E.npy", "--gallery-labels", "L.npy", "--json").Failed(1, "A.txt", "L.npy");
        CliProcess.Run(_folder.Path, "mine", "--embeddings", "A.npy", "--labels", "A.txt", "--gallery", "E.npy", "--gallery-labels", "A.txt", "--json").Failed(1, "A.txt", "2 labels", "12 rows", "E.npy");

        // float32 is mapped, float64 converted: the same rows give the same triplets.
        using (PinnedMatrix rows = NpyFile.ReadMatrix(_folder["E.npy"]))
            File.WriteAllBytes(_folder["D.npy"], Npy.Bytes("<f8", "(12, 5)", rows.Buffer.Span.ToArray().Select(x => (double)x).ToArray()));
        CliProcess.Run(_folder.Path, "mine", "--embeddings", "A.npy", "--labels", "A.txt", "--gallery", "D.npy", "--gallery-labels", "L.txt", "--rule", "hard-negative", "--out", "D.csv").Succeeded();
        Assert.Equal(File.ReadAllLines(_folder["T.csv"]), File.ReadAllLines(_folder["D.csv"]));
    }

    [Fact]
    public void Mine_NothingToSelect_SucceedsWithTheReason()
    {
        _folder.WriteBatch(identities: 1, perIdentity: 4, dimension: 5);
        CliResult table = CliProcess.Run(_folder.Path, "mine", "--embeddings", "E.npy", "--labels", "L.npy", "--out", "T.npy").Succeeded();
        Assert.Contains("all rows share one label", table.Error, StringComparison.Ordinal);
        Assert.Equal(0, NpyFile.ReadHeader(_folder["T.npy"]).Rows);
        Assert.Equal("no_negatives", Mine().Succeeded().Json.GetProperty("statistics").GetProperty("empty_reason").GetString());
    }

    [Fact]
    public void Mine_Interrupted_StopsAndLeavesTheOldFile()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Signals are sent with kill(2).");
        _folder.WriteBatch(identities: 50, perIdentity: 20, dimension: 16);
        File.WriteAllText(_folder["T.csv"], "old");
        using CliProcess process = CliProcess.Start(_folder.Path, "mine", "--embeddings", "E.npy", "--labels", "L.npy", "--rule", "easy", "--repeat", "1000000", "--out", "T.csv");
        Assert.True(SpinWait.SpinUntil(() => _folder.Names.Any(name => name.EndsWith(".tmp", StringComparison.Ordinal)), TimeSpan.FromMinutes(1)), "mining did not begin");
        Thread.Sleep(300);
        Assert.False(process.HasExited);
        process.Interrupt();
        CliResult result = process.Wait().Failed(130, "interrupted");
        Assert.Empty(result.Output);
        Assert.Equal("old", File.ReadAllText(_folder["T.csv"]));
        Assert.Equal(["E.npy", "L.npy", "L.txt", "T.csv"], _folder.Names);
    }

    private CliResult Mine(params string[] options)
    {
        string[] labels = options.Contains("--labels") ? [] : ["--labels", "L.npy"];
        return CliProcess.Run(_folder.Path, ["mine", "--embeddings", "E.npy", "--json", .. labels, .. options]);
    }

    private Triplet[] Expected(MiningRule rule, out MiningStatistics statistics)
    {
        using TripletMiner miner = new();
        using Tercet.Memory.PinnedMatrix rows = NpyFile.ReadMatrix(_folder["E.npy"]);
        long[] labels = NpyFile.ReadLabels(_folder["L.npy"]);
        MiningOptions options = new() { Rule = rule };
        ReadOnlySpan2D<float> view = rows.Span;
        Triplet[] triplets = new Triplet[miner.Capacity(MiningInput.Batch(view, labels), options)];
        int count = miner.Mine(view, labels, options, triplets, out statistics);
        return triplets[..count];
    }
}
