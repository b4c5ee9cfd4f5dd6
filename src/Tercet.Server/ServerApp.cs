using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Tercet.Cli;
using Tercet.Server.Options;

namespace Tercet.Server;

/// <summary>The <c>tercet-server</c> command: where a failure becomes a line on standard error and an exit code, as for <c>tercet</c>.</summary>
internal static class ServerApp
{
    public static int Run(string[] args)
    {
        ServeCommand root = new() { new HelpOption(), new VersionOption(), new CheckCommand(), KeyCommand.Create() };
        ParseResult parse = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction or null)
            return Report($"{parse.Errors[0].Message.TrimEnd('.')} (see 'tercet-server --help')", ExitCode.Usage);
        return parse.CommandResult.Command is ServerVerb verb && parse.Action == verb.Action
            ? FailureGuard.Run("tercet-server", () => verb.Execute(parse), Report)
            : parse.Invoke();
    }

    private static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine("tercet-server: error: " + FailureText.OneLine(message));
        return exitCode;
    }
}
