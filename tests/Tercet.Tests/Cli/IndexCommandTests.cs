using System.Globalization;
using System.Text.Json;
using CommunityToolkit.HighPerformance;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Tests.Forward;

namespace Tercet.Tests.Cli;

public sealed class IndexCommandTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public IndexCommandTests()
    {
        File.WriteAllBytes(_folder["M.onnx"], TinyModels.Image("batch", 3, 4, 4).Build());
        File.WriteAllText(_folder["M.onnx.json"], """{"width":4,"height":4}""");
        for (int i = 0; i < 12; i++)
            _folder.WriteImage($"faces/{(i % 3 == 0 ? "ann" : "bob")}/{i:d2}.png", i);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Build_RunTwice_EmbedsOnlyWhatIsNewOrChanged()
    {
        JsonElement first = Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx", "--batch", "5", "--commit-every", "1").Succeeded().Json;
        Assert.Equal((12, 12L, 0), (Number(first, "added"), first.GetProperty("rows").GetInt64(), Number(first, "unchanged")));
        string hash = Hash("G");

        JsonElement second = Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx", "--batch", "5").Succeeded().Json;
        Assert.Equal((0, 0, 12), (Number(second, "added"), Number(second, "replaced"), Number(second, "unchanged")));
        Assert.Equal(hash, Hash("G"));

        _folder.WriteImage("faces/bob/01.png", 77);
        _folder.WriteImage("faces/new/1.png", 78);
        File.WriteAllText(_folder["faces/bob/bad.png"], "no picture");
        CliResult add = Run("index", "add", "faces", "--gallery", "G", "--model", "M.onnx").Succeeded();
        Assert.Equal((1, 0, 1), (Number(add.Json, "added"), Number(add.Json, "replaced"), add.Json.GetProperty("skipped").GetArrayLength()));
        Assert.Contains("faces/bob/bad.png", add.Error, StringComparison.Ordinal);
        JsonElement update = Run("index", "update", "faces", "--gallery", "G", "--model", "M.onnx").Succeeded().Json;
        Assert.Equal((0, 1), (Number(update, "added"), Number(update, "replaced")));
    }

    [Fact]
    public void Build_InterruptedByABadImage_GoesOnToTheSameContent()
    {
        byte[] good = File.ReadAllBytes(_folder["faces/bob/08.png"]);
        DateTime time = File.GetLastWriteTimeUtc(_folder["faces/bob/08.png"]);
        Run("index", "build", "faces", "--gallery", "whole", "--model", "M.onnx", "--batch", "3").Succeeded();
        File.WriteAllText(_folder["faces/bob/08.png"], "no picture");
        Run("index", "build", "faces", "--gallery", "parts", "--model", "M.onnx", "--batch", "3", "--commit-every", "1", "--on-error", "fail").Failed(1, "faces/bob/08.png");
        long rows = Run("index", "info", "--gallery", "parts").Succeeded().Json.GetProperty("rows").GetInt64();
        Assert.InRange(rows, 3, 11);
        File.WriteAllBytes(_folder["faces/bob/08.png"], good);
        File.SetLastWriteTimeUtc(_folder["faces/bob/08.png"], time);
        JsonElement rest = Run("index", "build", "faces", "--gallery", "parts", "--model", "M.onnx", "--batch", "3").Succeeded().Json;
        Assert.Equal(12 - rows, Number(rest, "added"));
        Assert.Equal(Hash("whole"), Hash("parts"));
    }

    [Fact]
    public void Search_ImageOrRows_FindsTheImageItself()
    {
        Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx", "--normalize").Succeeded();
        JsonElement match = Run("search", "--gallery", "G", "--query", "faces/bob/04.png", "--model", "M.onnx", "--k", "3").Succeeded().Json.GetProperty("matches")[0];
        Assert.Equal("faces/bob/04.png", match.GetProperty("source").GetString());
        Assert.Equal(0, match.GetProperty("distance").GetDouble(), 1e-6);

        Run("index", "export", "--gallery", "G", "--out", "E.npy", "--ids-out", "I.npy", "--labels-out", "L.txt").Succeeded();
        JsonElement all = Run("search", "--gallery", "G", "--query", "E.npy", "--k", "2", "--label-filter", "ann", "--threshold", "1e-9").Succeeded().Json.GetProperty("matches");
        Assert.Equal(4, all.GetArrayLength());
        Assert.All(all.EnumerateArray(), each => Assert.Equal((long)each.GetProperty("query").GetInt32(), each.GetProperty("id").GetInt64()));
        Assert.Contains("ann", Run(false, "search", "--gallery", "G", "--query", "E.npy").Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Search_Approximately_ShowsTheRecall()
    {
        const int Rows = 50_000, Dimension = 4;
        Random random = new(1);
        float[] values = [.. Enumerable.Range(0, Rows * Dimension).Select(_ => random.NextSingle())];
        NpyFile.WriteMatrix(_folder["E.npy"], new ReadOnlySpan2D<float>(values, Rows, Dimension));
        NpyFile.WriteMatrix(_folder["Q.npy"], new ReadOnlySpan2D<float>(values, 40, Dimension));
        Assert.Equal(1024, Number(Run("index", "import", "--gallery", "G", "--embeddings", "E.npy").Succeeded().Json, "cells"));

        JsonElement few = Run("search", "--gallery", "G", "--query", "Q.npy", "--approximate", "1", "--recall").Succeeded().Json.GetProperty("approximation");
        Assert.Equal((1, 1024), (Number(few, "probes"), Number(few, "cells")));
        JsonElement all = Run("search", "--gallery", "G", "--query", "Q.npy", "--approximate", "1024", "--recall").Succeeded().Json;
        Assert.Equal(1, all.GetProperty("approximation").GetProperty("recall").GetDouble());
        Assert.InRange(few.GetProperty("recall").GetDouble(), 0.05, 0.99);
        JsonElement exact = Run("search", "--gallery", "G", "--query", "Q.npy").Succeeded().Json;
        Assert.Equal(JsonValueKind.Null, exact.GetProperty("approximation").ValueKind);
        Assert.Equal(exact.GetProperty("matches").GetRawText(), all.GetProperty("matches").GetRawText());
        Assert.Contains("recall@3", Run(false, "search", "--gallery", "G", "--query", "Q.npy", "--approximate", "2", "--recall", "--k", "3").Succeeded().Output, StringComparison.Ordinal);

        Run("search", "--gallery", "G", "--query", "Q.npy", "--recall").Failed(2, "--approximate");
        Run("search", "--gallery", "G", "--query", "Q.npy", "--approximate", "2", "--label-filter", "ann").Failed(2, "--label-filter");
    }

    [Fact]
    public void Import_WhatWasExported_HasTheSameRows()
    {
        Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx").Succeeded();
        Run("index", "export", "--gallery", "G", "--out", "E.npy", "--ids-out", "I.npy", "--labels-out", "L.txt").Succeeded();
        Run("index", "import", "--gallery", "H", "--embeddings", "E.npy", "--ids", "I.npy", "--labels", "L.txt").Succeeded();
        Run("index", "export", "--gallery", "H", "--out", "F.npy", "--ids-out", "J.npy", "--labels-out", "N.txt").Succeeded();
        foreach ((string one, string other) in ((string, string)[])[("E.npy", "F.npy"), ("I.npy", "J.npy"), ("L.txt", "N.txt")])
            Assert.Equal(File.ReadAllBytes(_folder[one]), File.ReadAllBytes(_folder[other]));
        using PinnedMatrix rows = NpyFile.ReadMatrix(_folder["E.npy"]);
        Assert.Equal(12, rows.Rows);
    }

    [Fact]
    public void Remove_Label_ThenCompactAndVerify_KeepTheRest()
    {
        Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx").Succeeded();
        JsonElement removed = Run("index", "remove", "--gallery", "G", "--label", "bob", "--source", "faces/bob/0").Succeeded().Json;
        Assert.Equal((6, 6), (Number(removed, "changed"), Number(removed, "rows")));
        Assert.Equal(5, Number(Run("index", "remove", "--gallery", "G", "--id", "0").Succeeded().Json, "rows"));
        string hash = Hash("G");
        Run("index", "compact", "--gallery", "G").Succeeded();
        Assert.Equal(hash, Hash("G"));
        Assert.Equal(5, Number(Run("index", "verify", "--gallery", "G").Succeeded().Json, "rows"));

        string companion = Directory.GetFiles(_folder["G"], "*.int8").Single();
        byte[] bytes = File.ReadAllBytes(companion);
        bytes[100] ^= 1;
        File.WriteAllBytes(companion, bytes);
        CliResult damaged = Run("index", "verify", "--gallery", "G");
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("block 0", damaged.Error, StringComparison.Ordinal);
        Run("search", "--gallery", "G", "--query", "faces/ann/03.png", "--model", "M.onnx").Failed(1, ".int8", "block 0");
        Run("index", "verify", "--gallery", "G", "--repair").Succeeded();
        Assert.Equal(hash, Hash("G"));
    }

    [Fact]
    public void Mine_AGallerysFolder_GivesWhatItsExportedRowsGive()
    {
        Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx").Succeeded();
        Run("index", "remove", "--gallery", "G", "--id", "2").Succeeded();
        Run("index", "export", "--gallery", "G", "--out", "E.npy", "--ids-out", "I.npy", "--labels-out", "L.txt").Succeeded();
        long[] ids = NpyFile.ReadLabels(_folder["I.npy"]);
        foreach (string rule in (string[])["batch-hard", "random-hard", "all", "multi-similarity"])
        {
            JsonElement expected = Run("mine", "--embeddings", "E.npy", "--labels", "L.txt", "--rule", rule, "--margin", "9", "--out", "T.csv").Succeeded().Json;
            JsonElement actual = Run("mine", "--gallery", "G", "--rule", rule, "--margin", "9", "--out", "U.csv").Succeeded().Json;
            foreach (JsonProperty figure in expected.GetProperty("statistics").EnumerateObject())
            {
                JsonElement other = actual.GetProperty("statistics").GetProperty(figure.Name);
                if (figure.Name.StartsWith("mean_", StringComparison.Ordinal))
                    Assert.Equal(1, figure.Value.GetDouble() / other.GetDouble(), 1e-6);
                else
                    Assert.Equal(figure.Value.ToString(), other.ToString());
            }

            Assert.Equal(11, Number(actual, "n"));
            Assert.Equal(File.ReadAllLines(_folder["T.csv"]).Skip(1).Select(WithIds), File.ReadAllLines(_folder["U.csv"]).Skip(1));
        }

        Run("mine", "--gallery", "G", "--embeddings", "E.npy", "--labels", "L.txt", "--out", "V.npy").Succeeded();
        Run("mine", "--gallery", "G", "--embeddings", "E.npy", "--out", "V.npy").Failed(2, "--labels", "required");
        Run("mine", "--gallery", "G", "--gallery-labels", "L.txt", "--out", "V.npy").Failed(2, "--gallery-labels");
        Run("mine", "--out", "V.npy").Failed(2, "--embeddings", "required");

        string WithIds(string line) => string.Join(',', line.Split(',').Select((field, i) => i < 3 && field.Length > 0 ? ids[int.Parse(field, CultureInfo.InvariantCulture)].ToString(CultureInfo.InvariantCulture) : field));
    }

    [Fact]
    public void VerifyPair_OneImageTwice_IsTheSame()
    {
        JsonElement json = Run("verify-pair", "faces/bob/01.png", "faces/bob/01.png", "--model", "M.onnx", "--threshold", "0.9").Succeeded().Json;
        Assert.True(json.GetProperty("is_same").GetBoolean());
        Assert.Equal(1, json.GetProperty("cosine").GetDouble(), 1e-9);
    }

    [Fact]
    public void Index_OtherModelsAndBadUsage_AreRefused()
    {
        Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx").Succeeded();
        File.WriteAllText(_folder["P.json"], """{"width":4,"height":4,"scale":[0.5]}""");
        Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx", "--preprocess", "P.json").Failed(1, "prepared");
        Run("index", "build", "faces", "--gallery", "G", "--model", "M.onnx", "--metric", "cosine").Failed(1, "Cosine");
        Run("search", "--gallery", "G", "--query", "faces/bob/01.png").Failed(2, "--model", "tercet search --help");
        Run("index", "add", "faces", "--gallery", "none", "--model", "M.onnx").Failed(1, "no gallery");
        Run(false, "index").Failed(2, "build", "tercet index --help");
        Run(false, "index", "remove", "--gallery", "G").Failed(2, "--id", "tercet index remove --help");
    }

    private static int Number(JsonElement json, string name) => json.GetProperty(name).GetInt32();

    private string Hash(string gallery) => Run("index", "info", "--gallery", gallery, "--content-hash").Succeeded().Json.GetProperty("content_hash").GetString()!;

    private CliResult Run(params string[] arguments) => Run(true, arguments);

    private CliResult Run(bool json, params string[] arguments) => CliProcess.Run(_folder.Path, json ? [.. arguments, "--json"] : arguments);
}
