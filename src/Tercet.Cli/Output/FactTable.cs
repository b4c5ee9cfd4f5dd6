using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>A table of names and values; numbers are written the same on every machine.</summary>
internal sealed class FactTable
{
    private readonly Table _table = new Table().Border(TableBorder.Rounded).HideHeaders().AddColumn(new TableColumn("").NoWrap()).AddColumn("");

    public void Add(FormattableString name, FormattableString value) => Add(FormattableString.Invariant(name), FormattableString.Invariant(value));

    public void Add(string name, FormattableString value) => Add(name, FormattableString.Invariant(value));

    public void Add(string name, string value) => _table.AddRow(Markup.Escape(name), Markup.Escape(value));

    public void Write(IAnsiConsole console) => console.Write(_table);
}
