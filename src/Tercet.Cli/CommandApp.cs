using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Tercet.Cli.Commands;
using Tercet.Cli.Output;

namespace Tercet.Cli;

/// <summary>The <c>tercet</c> command: its verbs, and the one place where a failure becomes a line on standard error and an exit code.</summary>
internal static class CommandApp
{
    // Not a RootCommand, whose name is the program file's: help says "tercet" however the program was started.
    public static Command CreateRoot() => new("tercet", "Tercet: images to embeddings, embeddings to hard and semi-hard triplets, exactly.")
    {
        new HelpOption(),
        new VersionOption(),
        new EmbedCommand(),
        new MineCommand(),
        new LossCommand(),
        new EvaluateCommand(),
        IndexCommand.Create(),
        new SearchCommand(),
        new VerifyPairCommand(),
        SeparateProgram.Train.Create(),
        SeparateProgram.Serve.Create(),
        new DemoCommand(),
        new InfoCommand(),
        new DevicesCommand(),
    };

    public static int Run(string[] args)
    {
        // Not parsed here: what stands behind it is another program's.
        if (args is [var first, ..] && SeparateProgram.All.FirstOrDefault(program => program.Verb == first) is { } separate)
            return FailureGuard.Run("tercet " + first, () => separate.Run(args.AsSpan(1)), Report);

        // Response files are off: a file name may begin with '@'.
        ParseResult parse = CreateRoot().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parse.Action is ParseErrorAction or null)
            return Report(UsageMessage(parse), ExitCode.Usage);
        if (parse.CommandResult.Command is not Verb verb || parse.Action != verb.Action)
            return parse.Invoke();

        return FailureGuard.Run(NameOf(verb), () => Execute(verb, parse), Report);
    }

    private static int Execute(Verb verb, ParseResult parse)
    {
        using Interruption interruption = new();
        try
        {
            verb.Execute(parse, new Terminal(parse.GetValue(verb.Json)), interruption.Token);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return Report("interrupted; no output was written", interruption.ExitCode);
        }
    }

    private static string UsageMessage(ParseResult parse)
    {
        if (parse.CommandResult.Command is Verb verb)
        {
            bool isArgument = parse.Errors[0].SymbolResult is ArgumentResult { Argument: var argument } && verb.Arguments.Contains(argument);
            string problem = isArgument ? $"{verb.Arguments[0].Name} is missing" : parse.Errors[0].Message.TrimEnd('.');
            return $"{problem} (see '{NameOf(verb)} --help')";
        }

        string verbs = string.Join(", ", parse.CommandResult.Command.Subcommands.Select(command => command.Name));
        string unknown = parse.UnmatchedTokens.Count > 0 ? $"unknown command '{parse.UnmatchedTokens[0]}'" : "a command is needed";
        return $"{unknown}; the commands are {verbs} (see '{NameOf(parse.CommandResult.Command)} --help')";
    }

    // With the names of what it stands under: tercet index build.
    private static string NameOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{NameOf(parent)} {command.Name}" : command.Name;

    private static int Report(string message, int exitCode)
    {
        Console.Error.WriteLine("tercet: error: " + FailureText.OneLine(message));
        return exitCode;
    }
}
