using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Tercet.Cli;
using Tercet.Load.Verbs;

RootCommand root = new("Puts the micro-batcher, or a server, under load that does not wait for answers.") { new RatesVerb(), new OverheadVerb(), new AnswersVerb(), new SoakVerb() };
ParseResult parse = root.Parse(args);
if (parse.Action is ParseErrorAction or null || parse.Action is HelpAction || parse.CommandResult.Command is not LoadVerb verb)
    return parse.Invoke();
return FailureGuard.Run("tercet-load", () => verb.Execute(parse).GetAwaiter().GetResult(), (message, exitCode) =>
{
    Console.Error.WriteLine("tercet-load: error: " + FailureText.OneLine(message));
    return exitCode;
});
