using System.Diagnostics;
using System.Globalization;
using Tercet.Galleries;
using Tercet.Tests.Forward;

namespace Tercet.Tests.Cli;

/// <summary>
/// <c>tercet index</c> is killed at random moments and run again, until every command has come to its end. <c>TERCET_KILLS</c> says how often, <c>TERCET_KILLS_SEED</c> when.
/// </summary>
public sealed class IndexKillTests : IDisposable
{
    private const int DefaultKills = 30;
    private const int Images = 120;

    // About as long as the commits of a run take.
    private static readonly TimeSpan AfterCommit = TimeSpan.FromMilliseconds(50);

    private static readonly string[][] Commands =
    [
        ["build", "faces", "--model", "M.onnx", "--batch", "2", "--commit-every", "1"],
        ["add", "more", "--model", "M.onnx", "--batch", "2", "--commit-every", "1"],
        ["remove", "--label", "bob"],
        ["compact"],
    ];

    private readonly WorkFolder _folder = new();
    private readonly List<double> _reopened = [];
    private int _kills;
    private int _partly;

    public IndexKillTests()
    {
        File.WriteAllBytes(_folder["M.onnx"], TinyModels.Image("batch", 3, 4, 4).Build());
        File.WriteAllText(_folder["M.onnx.json"], """{"width":4,"height":4}""");
        for (int i = 0; i < Images; i++)
            _folder.WriteImage($"{(i % 3 == 2 ? "more" : "faces")}/{(i % 2 == 0 ? "ann" : "bob")}/{i:d3}.png", i);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Index_KilledAtRandomMoments_LosesNoRowAndEndsWithTheSameContent()
    {
        int wanted = Setting("TERCET_KILLS", DefaultKills);
        Random random = new(Setting("TERCET_KILLS_SEED", 1));
        List<Expected> expected = [];
        foreach (string[] command in Commands)
        {
            long start = Stopwatch.GetTimestamp();
            using CliProcess process = Start("R", command);
            process.Wait().Succeeded();
            expected.Add(new Expected(Stopwatch.GetElapsedTime(start), RowsOf("R")));
        }

        for (int round = 0; _kills < wanted; round++)
        {
            string gallery = $"G{round}";
            for (int phase = 0; phase < Commands.Length; phase++)
                Run(gallery, phase, phase == 0 ? [] : expected[phase - 1].Rows, expected[phase], random, wanted);
            Directory.Delete(_folder[gallery], recursive: true);
        }

        _reopened.Sort();
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_kills} kills, {_partly} of them with a command partly done; reopened in {_reopened[_reopened.Count / 2]:f1} ms (median), {_reopened[^1]:f1} ms (longest)"));
        Assert.True(_partly >= wanted / 10, $"only {_partly} of {_kills} kills found a command partly done");
    }

    // Runs one command to its end, however often it is killed on the way.
    private void Run(string gallery, int phase, Dictionary<string, Row> before, Expected expected, Random random, int wanted)
    {
        int count = before.Count;
        while (true)
        {
            FileInfo manifest = new(Path.Combine(_folder[gallery], "manifest"));
            DateTime written = manifest.Exists ? manifest.LastWriteTimeUtc : default;
            using CliProcess process = Start(gallery, Commands[phase]);
            bool ended = process.KillAfter(_kills < wanted ? Moment(process, manifest, written, expected, random) : TimeSpan.FromMinutes(1));
            Dictionary<string, Row> rows = RowsOf(gallery);
            if (ended)
            {
                Assert.Equal(expected.Rows, rows);
                return;
            }

            _kills++;
            if (phase >= 2)
            {
                Assert.True(rows.Count == before.Count || rows.Count == expected.Rows.Count, $"{rows.Count} rows: part of a commit is visible");
                Assert.Equal(rows.Count == before.Count ? before : expected.Rows, rows);
                continue;
            }

            // Files are taken in order, so that what is durable is always the beginning of what will be; and it never becomes less.
            Assert.InRange(rows.Count, count, expected.Rows.Count);
            Assert.Equal(expected.Rows.OrderBy(row => row.Value.Id).Take(rows.Count), rows.OrderBy(row => row.Value.Id));
            _partly += rows.Count > before.Count && rows.Count < expected.Rows.Count ? 1 : 0;
            count = rows.Count;
        }
    }

    // Any moment of a run; or, every other time, one soon after a commit: on a busy machine most of a run is its start, in which nothing can be lost.
    private TimeSpan Moment(CliProcess process, FileInfo manifest, DateTime written, Expected expected, Random random)
    {
        if (_kills % 2 == 0)
            return random.NextDouble() * 1.1 * expected.Time;
        while (!process.HasExited && (!manifest.Exists || manifest.LastWriteTimeUtc == written))
        {
            Thread.Sleep(1);
            manifest.Refresh();
        }

        return random.NextDouble() * AfterCommit;
    }

    private CliProcess Start(string gallery, string[] command) => CliProcess.Start(_folder.Path, ["index", .. command, "--gallery", gallery, "--json"]);

    // Every row, by its source; none where there is no gallery yet.
    private Dictionary<string, Row> RowsOf(string name)
    {
        if (!File.Exists(Path.Combine(_folder[name], "manifest")))
            return [];
        long start = Stopwatch.GetTimestamp();
        using Gallery gallery = Gallery.Open(_folder[name]);
        using GallerySnapshot snapshot = gallery.Snapshot();
        Dictionary<string, Row> rows = [];
        foreach (GalleryRow row in snapshot.Rows())
            rows.Add(row.Source, new Row(row.Id, row.Label, row.Time, Convert.ToHexString(row.Digest), string.Join(' ', row.Vector.ToArray())));
        _reopened.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        return rows;
    }

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int asked) ? asked : otherwise;

    private sealed record Row(long Id, string Label, DateTimeOffset Time, string Digest, string Vector);

    private sealed record Expected(TimeSpan Time, Dictionary<string, Row> Rows);
}
