using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Tercet.Cli;
using Tercet.Cli.Output;
using Tercet.Train.Options;

namespace Tercet.Train;

/// <summary>The <c>tercet-train</c> command: where a failure becomes a line on standard error and an exit code, as for <c>tercet</c>.</summary>
internal static class TrainApp
{
    public static int Run(string[] args)
    {
        TrainCommand command = new() { new HelpOption(), new VersionOption() };
        ParseResult parse = command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction or null)
            return Report($"{parse.Errors[0].Message.TrimEnd('.')} (see 'tercet-train --help')", ExitCode.Usage);
        if (parse.Action != command.Action)
            return parse.Invoke();

        NativeHeap.KeepPages();
        return FailureGuard.Run("tercet-train", () => Execute(command, parse), Report);
    }

    public static void Note(string message) => Console.Error.WriteLine("tercet-train: " + FailureText.OneLine(message));

    private static int Report(string message, int exitCode)
    {
        Note("error: " + message);
        return exitCode;
    }

    private static int Execute(TrainCommand command, ParseResult parse)
    {
        using Interruption interruption = new();
        return command.Execute(parse, new Terminal(parse.GetValue(command.Json)), interruption.Token) ? ExitCode.Ok : interruption.ExitCode;
    }
}
