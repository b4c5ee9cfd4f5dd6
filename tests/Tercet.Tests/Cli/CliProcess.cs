using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Tercet.Tests.Cli;

/// <summary>Runs the built command as a user would: another process, its output, its exit code.</summary>
internal sealed partial class CliProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    private CliProcess(string folder, string[] arguments, string? path = null)
    {
        ProcessStartInfo start = new("dotnet")
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (path is not null)
            start.Environment["PATH"] = path;
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Tercet.Cli.dll"));
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        _process = Process.Start(start) ?? throw new InvalidOperationException("dotnet does not start.");
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _error = _process.StandardError.ReadToEndAsync();
    }

    public static CliResult Run(string folder, params string[] arguments)
    {
        using CliProcess process = Start(folder, arguments);
        return process.Wait();
    }

    /// <summary>The same, where programs are looked for in one folder only.</summary>
    public static CliResult RunOnPath(string path, string folder, params string[] arguments)
    {
        using CliProcess process = new(folder, arguments, path);
        return process.Wait();
    }

    public static CliProcess Start(string folder, params string[] arguments) => new(folder, arguments);

    public bool HasExited => _process.HasExited;

    public void Interrupt() => Assert.Equal(0, Kill(_process.Id, 2));

    /// <summary>Waits some time, then ends the process at once, whatever it does (SIGKILL).</summary>
    /// <returns>Whether it had ended by itself, with exit code 0.</returns>
    public bool KillAfter(TimeSpan time)
    {
        if (_process.WaitForExit(time))
            return Wait().Succeeded().ExitCode == 0;
        _process.Kill();
        _process.WaitForExit();
        return false;
    }

    public CliResult Wait()
    {
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill();
            Assert.Fail("tercet did not end.");
        }

        return new CliResult(_process.ExitCode, _output.GetAwaiter().GetResult(), _error.GetAwaiter().GetResult());
    }

    public void Dispose() => _process.Dispose();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>What a run of the command gave.</summary>
internal sealed record CliResult(int ExitCode, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Asserts a failure as every failure must look: one line on standard error, nothing on standard output.</summary>
    public CliResult Failed(int exitCode, params string[] mentions)
    {
        Assert.True(ExitCode == exitCode, $"exit code {ExitCode}: {Error}{Output}");
        Assert.Empty(Output);
        Assert.StartsWith("tercet: error: ", Error, StringComparison.Ordinal);
        Assert.Equal(1, Error.Count(character => character == '\n'));
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("internal error", Error, StringComparison.Ordinal);
        foreach (string mention in mentions)
            Assert.Contains(mention, Error, StringComparison.Ordinal);
        return this;
    }

    public CliResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}: {Error}");
        return this;
    }
}
