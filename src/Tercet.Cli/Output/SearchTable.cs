using System.Globalization;
using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>The rows that a search found.</summary>
internal static class SearchTable
{
    public static void Write(IAnsiConsole console, SearchJson answer)
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
    }
}
