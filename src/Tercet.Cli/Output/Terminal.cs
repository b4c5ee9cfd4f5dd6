using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace Tercet.Cli.Output;

/// <summary>
/// Where a verb's answer goes. Results are on standard output, as tables or as one JSON object; notes and progress are on standard error, so
/// that a pipe carries the result alone.
/// </summary>
internal sealed class Terminal
{
    private const int PipeWidth = 160;

    private readonly Lazy<IAnsiConsole> _out = new(() => Open(Console.Out, Console.IsOutputRedirected));
    private readonly Lazy<IAnsiConsole> _error = new(() => Open(Console.Error, Console.IsErrorRedirected));

    public Terminal(bool json) => IsJson = json;

    /// <summary>Whether the answer is one JSON object; tables must not be written then.</summary>
    public bool IsJson { get; }

    /// <summary>Tables and text for a person.</summary>
    public IAnsiConsole Out => _out.Value;

    /// <summary>Prints the one object of a <c>--json</c> run.</summary>
    public static void WriteJson<T>(T value, JsonTypeInfo<T> type) => Console.Out.WriteLine(JsonSerializer.Serialize(value, type));

    /// <summary>A line on standard error that is not an error.</summary>
    public static void Note(string message) => Console.Error.WriteLine("tercet: " + FailureText.OneLine(message));

    /// <summary>Runs <paramref name="work"/> with a progress bar when a person watches, without one in a pipe.</summary>
    /// <param name="title">What is going on.</param>
    /// <param name="work">Reports (done, total) through the callback it is given.</param>
    public T WithProgress<T>(string title, Func<Action<int, int>, T> work)
    {
        if (Console.IsErrorRedirected || !_error.Value.Profile.Capabilities.Interactive)
            return work((_, _) => { });
        return _error.Value.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title));
                return work((done, total) =>
                {
                    task.MaxValue = Math.Max(1, total);
                    task.Value = done;
                });
            });
    }

    private static IAnsiConsole Open(TextWriter writer, bool redirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (redirected)
            console.Profile.Width = PipeWidth;
        return console;
    }
}
