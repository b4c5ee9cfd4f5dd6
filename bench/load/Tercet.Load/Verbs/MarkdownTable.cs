using System.Globalization;
using System.Text;

namespace Tercet.Load.Verbs;

/// <summary>A table in Markdown: the first column to the left, the others to the right.</summary>
internal sealed class MarkdownTable
{
    private readonly StringBuilder _text = new();

    public MarkdownTable(params string[] columns)
    {
        Row(columns);
        Row(columns.Select((_, i) => i == 0 ? "---" : "---:"));
    }

    public MarkdownTable Add(IEnumerable<object[]> rows)
    {
        foreach (object[] row in rows)
            Row(row.Select(Text));
        return this;
    }

    public override string ToString() => _text.ToString();

    private void Row(IEnumerable<string> cells) => _text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static string Text(object value) => value switch
    {
        double number when double.IsNaN(number) => "–",
        double number => number.ToString(Math.Abs(number) >= 100 ? "#,0" : Math.Abs(number) >= 10 ? "0.0" : "0.##", CultureInfo.InvariantCulture),
        IFormattable number => number.ToString("#,0", CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
