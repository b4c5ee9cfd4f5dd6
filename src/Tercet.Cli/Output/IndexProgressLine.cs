using System.Diagnostics;
using System.Globalization;
using Tercet.Galleries.Indexing;

namespace Tercet.Cli.Output;

/// <summary>Shows how far an indexing run is: a bar where a person watches, else a line on standard error every ten seconds.</summary>
internal sealed class IndexProgressLine(Action<int, int> bar) : IProgress<IndexProgress>
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private long _last = Stopwatch.GetTimestamp();

    public void Report(IndexProgress value)
    {
        bar(value.Done, value.Total);
        if (!Console.IsErrorRedirected || Stopwatch.GetElapsedTime(_last) < Pause)
            return;
        _last = Stopwatch.GetTimestamp();
        Terminal.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{value.Done:N0} of {value.Total:N0} files, {value.Embedded:N0} embedded ({value.Durable:N0} durable), {value.Failed:N0} failed, {value.Rate:F1} images a second, {value.Remaining:hh\\:mm\\:ss} left"));
    }
}
