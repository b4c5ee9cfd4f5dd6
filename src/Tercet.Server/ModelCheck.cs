using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Tercet.Cli.Options;
using Tercet.Extensions;

namespace Tercet.Server;

/// <summary>
/// Tries a model in a process of its own, so that one that brings the process down, or takes all memory or time, does not take the server with it.
/// </summary>
internal static class ModelCheck
{
    private const long MostMemory = 8L << 30;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs <c>tercet-server check</c> and waits for it.</summary>
    /// <exception cref="TercetException">The model was refused, or the process did not end well.</exception>
    public static void Run(TercetOptions options)
    {
        using Process process = Process.Start(Command(options)) ?? throw new TercetException($"{options.ModelPath}: the process that tries the model does not start. --trust-model goes without it.");
        Task<string> error = process.StandardError.ReadToEndAsync();
        long start = Stopwatch.GetTimestamp();
        while (!process.WaitForExit(LookEvery))
        {
            bool isTooLarge = MemoryOf(process) > MostMemory;
            if (!isTooLarge && Stopwatch.GetElapsedTime(start) < Patience)
                continue;
            process.Kill(entireProcessTree: true);
            throw new TercetException($"{options.ModelPath}: opening the model in a process of its own took more than {(isTooLarge ? $"{MostMemory >> 30} GiB of memory" : $"{Patience.TotalMinutes:0} minutes")}; the server does not open it. --trust-model does so all the same.");
        }

        if (process.ExitCode != 0)
            throw new TercetException(error.Result is { Length: > 0 } said && process.ExitCode is 1 or 2 ? Words(said) : $"{options.ModelPath}: opening the model brought its process down (exit code {process.ExitCode}); the server does not open it.");
    }

    /// <summary>Opens a model, runs it once, and closes it.</summary>
    public static void Open(TercetOptions options)
    {
        // One batch of one: what is to be seen is whether the file can be run at all.
        (options.Workers, options.MaxBatch, options.BatchSize) = (1, 1, 1);
        using ServiceProvider services = new ServiceCollection().AddTercet(given => Copy(options, given)).BuildServiceProvider();
        _ = services.GetRequiredService<IOptionsMonitor<TercetOptions>>().CurrentValue;
        using TercetEmbedder embedder = new(options);
        embedder.Embed(new float[embedder.InputLength], new float[embedder.Dimension]);
    }

    /// <summary>Copies every option.</summary>
    public static void Copy(TercetOptions from, TercetOptions to)
    {
        (to.ModelPath, to.ModelName, to.Preprocessing, to.Alignment) = (from.ModelPath, from.ModelName, from.Preprocessing, from.Alignment);
        (to.Device, to.Pooling, to.Workers, to.Threads) = (from.Device, from.Pooling, from.Workers, from.Threads);
        (to.MaxBatch, to.BatchSize, to.MaxBatchWait, to.QueueCapacity) = (from.MaxBatch, from.BatchSize, from.MaxBatchWait, from.QueueCapacity);
        (to.Deadline, to.DrainTimeout, to.MaxImageBytes, to.MaxImagePixels) = (from.Deadline, from.DrainTimeout, from.MaxImageBytes, from.MaxImagePixels);
    }

    private static long MemoryOf(Process process)
    {
        try
        {
            process.Refresh();
            return process.WorkingSet64;
        }
        catch (InvalidOperationException)
        {
            // It has ended between two looks.
            return 0;
        }
    }

    private static string Words(string error) => error.Trim().Replace("tercet-server: error: ", "", StringComparison.Ordinal);

    private static ProcessStartInfo Command(TercetOptions options)
    {
        string program = Environment.ProcessPath ?? throw new TercetException("This process does not know its own file; --trust-model goes without a process that tries the model.");
        ProcessStartInfo start = new(program) { RedirectStandardError = true, UseShellExecute = false };
        if (Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase))
            start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (string argument in (string[])["check", "--model", options.ModelPath, "--device", DeviceOption.NameOf(options.Device), "--threads", options.Threads.ToString(CultureInfo.InvariantCulture)])
            start.ArgumentList.Add(argument);
        if (!string.IsNullOrEmpty(options.Preprocessing))
            Add(start, "--preprocess", options.Preprocessing);
        if (!string.IsNullOrEmpty(options.Alignment))
            Add(start, "--align", options.Alignment);
        return start;
    }

    private static void Add(ProcessStartInfo start, string option, string value)
    {
        start.ArgumentList.Add(option);
        start.ArgumentList.Add(value);
    }
}
