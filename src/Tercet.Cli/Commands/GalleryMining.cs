using System.CommandLine;
using System.Diagnostics;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;
using Tercet.Galleries.Mining;
using Tercet.Interchange;
using Tercet.Memory;
using Tercet.Mining;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet mine</c> over a gallery's folder.</summary>
/// <param name="Rule">The rule on the command line.</param>
/// <param name="Options">The engine's options.</param>
/// <param name="Epsilon">The slack of the multi-similarity rule; null under the others.</param>
/// <param name="Out">Where to write; null for the statistics alone.</param>
internal sealed record GalleryMining(RuleName Rule, MiningOptions Options, double? Epsilon, string? Out)
{
    /// <summary>Mines, and answers.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="arguments">What it shares with other commands.</param>
    /// <param name="folder">The gallery.</param>
    /// <param name="terminal">Where to answer.</param>
    /// <param name="cancellationToken">Stops; the same command goes on.</param>
    public void Run(ParseResult parse, MiningArguments arguments, string folder, Terminal terminal, CancellationToken cancellationToken)
    {
        using MiningDevice device = MiningDevice.Open(parse.GetValue(arguments.Device));
        long start = Stopwatch.GetTimestamp();
        bool hasAnchors = parse.GetValue(arguments.Embeddings) is not null || parse.GetValue(arguments.Labels) is not null;
        using PinnedMatrix? embeddings = hasAnchors ? NpyFile.ReadMatrix(arguments.Files(parse).Embeddings) : null;
        GalleryAnchors? anchors = embeddings is null ? null : new GalleryAnchors(embeddings.Span.ToArray(), LabelsOf(arguments.Files(parse).Labels, embeddings.Rows));
        using Gallery gallery = Gallery.Open(folder);
        using GallerySnapshot snapshot = gallery.Snapshot();
        if (embeddings is not null && embeddings.Columns != snapshot.Schema.Dimension)
            throw new InvalidFileException(arguments.Files(parse).Embeddings, $"{embeddings.Columns} columns where {folder} has rows of {snapshot.Schema.Dimension}");
        double loadMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        start = Stopwatch.GetTimestamp();
        GalleryMiningOptions options = new()
        {
            Mining = Options,
            Kind = RuleTable.Stream(Rule),
            PairEpsilon = Epsilon,
            NegativeOnlyLabel = parse.GetValue(arguments.NegativeOnlyLabel) ?? "",
            Backend = device.Backend,
        };
        MiningStatistics statistics = FailureText.About(folder, () => Out is null ? Count(snapshot, options, anchors, cancellationToken) : GalleryMiner.MineTo(snapshot, Out, options, anchors, cancellationToken));
        MineJson answer = new()
        {
            Rule = RuleTable.NameOf(Rule),
            Metric = MetricOption.NameOf(Options.Metric),
            Margin = Options.Margin,
            N = embeddings?.Rows ?? (int)snapshot.Count,
            Gallery = embeddings is null ? null : (int)snapshot.Count,
            D = snapshot.Schema.Dimension,
            Triplets = statistics.Selected,
            Statistics = StatisticsJson.Of(statistics),
            Timings = new MineTimings(loadMs, Stopwatch.GetElapsedTime(start).TotalMilliseconds, null, 0),
            Device = device.Device,
            DeviceNote = device.Note,
            Backend = device.Backend.Name,
            Threads = Options.Threads == 0 ? Environment.ProcessorCount : Options.Threads,
            Out = Out,
        };
        if (terminal.IsJson)
            Terminal.WriteJson(answer, JsonTypes.Default.MineJson);
        else
            MineTable.Write(terminal.Out, answer);
    }

    private static MiningStatistics Count(GallerySnapshot snapshot, GalleryMiningOptions options, GalleryAnchors? anchors, CancellationToken cancellationToken)
    {
        using GalleryMiner miner = new(snapshot, options, anchors);
        using NoTripletSink nothing = new();
        return miner.Mine(nothing, cancellationToken);
    }

    private static string[] LabelsOf(string path, int rows)
    {
        Labels labels = Labels.Load(path);
        return labels.Values.Length == rows
            ? [.. labels.Values.Select(labels.NameOf)]
            : throw new InvalidFileException(path, $"{labels.Values.Length} labels for {rows} rows");
    }
}
