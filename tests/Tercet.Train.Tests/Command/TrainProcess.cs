using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Tercet.Train.Tests.Command;

/// <summary>Runs the built command as a user would; arguments that begin with <c>train</c> are those of <c>tercet</c>.</summary>
internal sealed partial class TrainProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    public TrainProcess(params ReadOnlySpan<string> arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, arguments is ["train", ..] ? "Tercet.Cli.dll" : "tercet-train.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start.");
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    public bool HasExited => _process.HasExited;

    public static (int ExitCode, string Output, string Error) Run(params ReadOnlySpan<string> arguments)
    {
        using TrainProcess process = new(arguments);
        return process.Wait();
    }

    /// <summary>Runs to the end and reads the answer.</summary>
    public static JsonElement Answer(params ReadOnlySpan<string> arguments)
    {
        (int exitCode, string output, string error) = Run([.. arguments, "--json"]);
        Assert.True(exitCode == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    public void Interrupt() => Assert.Equal(0, Kill(_process.Id, 2));

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public void Kill() => _process.Kill();

    public (int ExitCode, string Output, string Error) Wait()
    {
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill();
            Assert.Fail("tercet-train did not end.");
        }

        return (_process.ExitCode, _output.GetAwaiter().GetResult(), _error.GetAwaiter().GetResult());
    }

    public void Dispose() => _process.Dispose();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
