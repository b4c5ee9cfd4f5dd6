using System.CommandLine;
using Tercet.Cli.Output;

namespace Tercet.Cli.Commands;

/// <summary>One command of <c>tercet</c>. A verb reads its options, calls the engine and hands the result to the terminal; it holds no algorithm.</summary>
internal abstract class Verb : Command
{
    protected Verb(string name, string description)
        : base(name, description) => SetAction((ParseResult _) => ExitCode.Ok);

    /// <summary>Every verb can answer with one JSON object instead of tables.</summary>
    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON object on standard output instead of tables." };

    /// <summary>Does the work.</summary>
    /// <exception cref="UsageException">The options contradict each other.</exception>
    public abstract void Execute(ParseResult parse, Terminal terminal, CancellationToken cancellationToken);
}
