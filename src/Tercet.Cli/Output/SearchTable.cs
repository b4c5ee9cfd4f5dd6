using System.Globalization;
using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>The rows that a search found.</summary>
internal static class SearchTable
{
    /// <param name="console">Where to.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="k">How many rows were asked for.</param>
    /// <param name="queries">Number of queries.</param>
    public static void Write(IAnsiConsole console, SearchJson answer, int k, int queries)
    {
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("query", "id", "distance", "label", "source");
        foreach (MatchJson match in answer.Matches)
        {
            table.AddRow(
                match.Query.ToString(CultureInfo.InvariantCulture),
                match.Id.ToString(CultureInfo.InvariantCulture),
                match.Distance.ToString("F4", CultureInfo.InvariantCulture),
                Markup.Escape(match.Label),
                Markup.Escape(match.Source));
        }

        console.Write(table);
        if (answer.Approximation is not { } approximation)
            return;
        FactTable facts = new();
        facts.Add("cells", $"{approximation.Probes:N0} of {approximation.Cells:N0} looked into");
        if (approximation is { Recall: { } recall, ExactMs: { } exact })
        {
            facts.Add($"recall@{k}", $"{recall:F4} over {queries:N0} queries");
            facts.Add("time", $"{answer.SearchMs:F1} ms, exact search {exact:F1} ms");
        }

        facts.Write(console);
    }
}
