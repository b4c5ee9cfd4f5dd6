using System.Globalization;
using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>The answer of <c>demo</c> for a person.</summary>
internal static class DemoTables
{
    public static void Write(IAnsiConsole console, DemoJson answer)
    {
        console.WriteLine();
        Heading(console, Text($"{answer.Faces} faces of {answer.People} people, embedded by SFace at {answer.ImagesPerSecond:F0} images a second ({answer.Provider})"));
        Heading(console, Text($"Every rule at margin {answer.Margin} (multi-similarity: ε = {answer.Margin}), squared Euclidean distance ({answer.Backend})"));
        console.Write(Rules(answer.Rules));
        Heading(console, "Hardest pairs of one person: the farthest");
        console.Write(Pairs(answer.FarthestSame));
        Heading(console, "Hardest pairs of two people: the nearest");
        console.Write(Pairs(answer.NearestDifferent));
        Heading(console, Text($"Verification and retrieval (SFace's published threshold: cosine {answer.CosineThreshold})"));
        FactTable facts = new();
        EvaluationTable.AddFigures(facts, answer.Evaluation);
        facts.Write(console);
        console.MarkupLine($"Picture: [bold]{Markup.Escape(answer.Out)}[/]");
    }

    private static Table Rules(IReadOnlyList<DemoRuleJson> rules)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("rule");
        foreach (string column in (string[])["selected", "hard", "semi-hard", "easy", "mean d(a,p)", "mean d(a,n)", "ms"])
            table.AddColumn(new TableColumn(column).RightAligned());
        foreach (DemoRuleJson rule in rules)
        {
            table.AddRow(
                Markup.Escape(rule.Rule),
                Text($"{rule.Selected:N0}{(rule.Selects == "pairs" ? " pairs" : "")}"),
                Share(rule.Hard, rule.Selected),
                Share(rule.SemiHard, rule.Selected),
                Share(rule.Easy, rule.Selected),
                rule.Selected == 0 ? "–" : Text($"{rule.MeanPositiveDistance:F3}"),
                rule.Selected == 0 ? "–" : Text($"{rule.MeanNegativeDistance:F3}"),
                Text($"{rule.MineMs:F2}"));
        }

        return table;
    }

    private static Table Pairs(IReadOnlyList<DemoPairJson> pairs)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("one face").AddColumn("the other");
        table.AddColumn(new TableColumn("distance").RightAligned()).AddColumn(new TableColumn("cosine").RightAligned());
        foreach (DemoPairJson pair in pairs)
            table.AddRow(Markup.Escape(pair.First), Markup.Escape(pair.Second), Text($"{pair.Distance:F4}"), Text($"{pair.Cosine:F4}"));
        return table;
    }

    private static void Heading(IAnsiConsole console, string text) => console.MarkupLine($"[bold]{Markup.Escape(text)}[/]");

    private static string Share(long? part, long whole) =>
        part is not { } count || whole == 0 ? "–" : (100.0 * count / whole).ToString("F1", CultureInfo.InvariantCulture) + "%";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
