using System.CommandLine;
using Tercet.Cli.Options;
using Tercet.Cli.Output;
using Tercet.Galleries;

namespace Tercet.Cli.Commands;

/// <summary><c>tercet index verify</c>: every block against its checksum.</summary>
internal sealed class IndexVerifyCommand : Verb
{
    private readonly Option<string> _gallery = GalleryOption.Create();
    private readonly Option<bool> _repair = OptionOf.Flag("--repair", "Write damaged segments anew. A damaged companion costs no row; a damaged block of a segment costs the rows that have a part in it.");

    public IndexVerifyCommand()
        : base("verify", "Compare every block of a gallery with its checksum. Fails where one does not match, and says which.")
    {
        foreach (Option option in (Option[])[_gallery, _repair, Json])
            Add(option);
    }

    public override void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken)
    {
        string folder = parse.GetRequiredValue(_gallery);
        GalleryReport report = Gallery.Verify(folder, parse.GetValue(_repair));
        foreach (GalleryDamage damage in report.Damage)
            Terminal.Note($"{damage.Problem} ({(damage.LostRows < 0 ? "not repaired" : $"{damage.LostRows} rows lost{(damage.IsRepaired ? ", repaired" : "")}")})");
        if (!report.IsHealthy)
            throw new TercetException($"{folder}: {report.Damage.Count} of {report.Segments} segments are damaged");
        VerifyJson answer = new(folder, report.Generation, report.Rows, report.Segments, report.Bytes, [.. report.Damage.Select(damage => new DamageJson(damage.File, damage.Block, damage.LostRows))]);
        if (terminal.IsJson)
        {
            Terminal.WriteJson(answer, JsonTypes.Default.VerifyJson);
            return;
        }

        FactTable table = new();
        table.Add("gallery", $"{folder}: {report.Rows:N0} rows, commit {report.Generation}");
        table.Add("read", $"{report.Segments:N0} segments, {report.Bytes:N0} bytes");
        table.Add("damage", report.Damage.Count == 0 ? "none" : "repaired");
        table.Write(terminal.Out);
    }
}
