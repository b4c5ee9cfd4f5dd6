using System.Globalization;
using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>The answer of <c>mine</c> for a person.</summary>
internal static class MineTable
{
    public static void Write(IAnsiConsole console, MineJson answer)
    {
        StatisticsJson statistics = answer.Statistics;
        FactTable table = new();
        table.Add("rule", answer.Rule);
        table.Add("rows", answer.Gallery is { } gallery ? Text($"{answer.N:N0} × {answer.D} against {gallery:N0}") : Text($"{answer.N:N0} × {answer.D}"));
        table.Add("metric, margin", Text($"{answer.Metric}, {answer.Margin}"));
        table.Add("anchors", Text($"{statistics.Anchors:N0}"));
        table.Add("positive pairs", Text($"{statistics.PositivePairs:N0}"));
        table.Add("valid triplets", Text($"{statistics.ValidTriplets:N0}"));
        if (statistics is { Hard: { } hard, SemiHard: { } semiHard, Easy: { } easy })
        {
            table.Add("  hard", Share(hard, statistics.ValidTriplets));
            table.Add("  semi-hard", Share(semiHard, statistics.ValidTriplets));
            table.Add("  easy", Share(easy, statistics.ValidTriplets));
        }

        table.Add(answer.Rule == "multi-similarity" ? "selected pairs" : "selected triplets", Text($"{statistics.Selected:N0}"));
        table.Add("mean d(a,p), d(a,n)", Text($"{statistics.MeanPositiveDistance:F4}, {statistics.MeanNegativeDistance:F4}"));
        table.Add("mean pairwise distance", Text($"{statistics.MeanPairwiseDistance:F4}"));
        table.Add("spread", Text($"{statistics.Spread:F4}{(statistics.IsCollapsed ? " (collapsed)" : "")}"));
        table.Add("time", Text($"load {answer.Timings.LoadMs:F1} ms, mine {answer.Timings.MineMs:F1} ms, write {answer.Timings.WriteMs:F1} ms"));
        table.Add("backend", Text($"{answer.Backend}, {answer.Threads} threads{(answer.DeviceNote is null ? "" : $" ({answer.DeviceNote})")}"));
        if (answer.Out is not null)
            table.Add("written", answer.Out);
        table.Write(console);

        if (statistics.IsCollapsed)
            Terminal.Note($"the embeddings have collapsed: their spread is at or below {statistics.CollapseThreshold.ToString(CultureInfo.InvariantCulture)}; train on with semi-hard rather than the hardest negatives");
        if (statistics.EmptyReason != "none")
            Terminal.Note("nothing was selected: " + Explain(statistics.EmptyReason));
    }

    internal static string Share(long part, long whole) =>
        whole == 0 ? Text($"{part:N0}") : Text($"{part:N0} ({Percent.Of((double)part / whole)})");

    private static string Explain(string reason) => reason switch
    {
        "no_positives" => "no two rows share a label",
        "no_negatives" => "all rows share one label",
        _ => "no triplet satisfies the rule",
    };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
