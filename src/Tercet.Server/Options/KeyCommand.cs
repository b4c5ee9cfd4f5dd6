using System.CommandLine;
using Tercet.Cli;
using Tercet.Cli.Options;
using Tercet.Server.Security;

namespace Tercet.Server.Options;

/// <summary><c>tercet-server key</c>: makes, lists and revokes API keys.</summary>
internal sealed class KeyCommand : ServerVerb
{
    private readonly Option<string> _file = OptionOf.Path("--keys", "The file of keys.", required: true);
    private readonly Argument<string>? _key;
    private readonly Action<KeyFile, string> _act;

    private KeyCommand(string name, string description, Action<KeyFile, string> act, bool takesName)
        : base(name, description)
    {
        _act = act;
        Add(_file);
        if (!takesName)
            return;
        _key = new Argument<string>("NAME") { Description = "The key's name: who has it." };
        Add(_key);
    }

    public static Command Create() => new("key", "Make, list and revoke API keys. The file holds their SHA-256 only.")
    {
        new KeyCommand("add", "Make a key and print it. It is not kept anywhere: give it to its owner.", Add, takesName: true),
        new KeyCommand("revoke", "Refuse a key from now on. A running server sees it at once.", (file, name) => file.Revoke(name), takesName: true),
        new KeyCommand("list", "List the names of the keys.", (file, _) => List(file), takesName: false),
    };

    public override int Execute(ParseResult parse)
    {
        _act(new KeyFile(parse.GetRequiredValue(_file)), _key is null ? "" : parse.GetRequiredValue(_key));
        return ExitCode.Ok;
    }

    private static void Add(KeyFile file, string name) => Console.Out.WriteLine(file.Add(name));

    private static void List(KeyFile file)
    {
        foreach (KeyEntry key in file.Read().Keys)
            Console.Out.WriteLine(key.Revoked is { } when ? $"{key.Name}\tmade {key.Created:u}\trevoked {when:u}" : $"{key.Name}\tmade {key.Created:u}");
    }
}
