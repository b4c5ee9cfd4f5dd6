using System.CommandLine;
using Tercet.Cli;

namespace Tercet.Server.Options;

/// <summary>One command of <c>tercet-server</c>.</summary>
internal abstract class ServerVerb : Command
{
    protected ServerVerb(string name, string description)
        : base(name, description) => SetAction((ParseResult _) => ExitCode.Ok);

    /// <summary>Does the work.</summary>
    /// <returns>The exit code.</returns>
    public abstract int Execute(ParseResult parse);
}
