using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tercet.Load.Targets;

/// <summary>A <c>tercet-server</c> in a process of its own on a free port of this machine.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;

    private ServerProcess(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Memory, open handles (on Linux file descriptors) and threads of the process.</summary>
    public (long ResidentBytes, int Handles, int Threads) Look()
    {
        _process.Refresh();
        return (_process.WorkingSet64, _process.HandleCount, _process.Threads.Count);
    }

    /// <summary>Starts the server that was built with this program, or another, and waits until it is ready.</summary>
    /// <param name="program">The server's file; null for the one beside this program.</param>
    /// <param name="arguments">What it is given, but for the address.</param>
    /// <exception cref="TercetException">It did not become ready.</exception>
    public static async Task<ServerProcess> Start(string? program, IReadOnlyList<string> arguments)
    {
        Uri address = new($"http://127.0.0.1:{FreePort().ToString(CultureInfo.InvariantCulture)}/");
        Process process = Process.Start(new ProcessStartInfo(program ?? Beside(), [.. arguments, "--urls", address.ToString()]) { RedirectStandardOutput = true })!;

        // Standard output is for results.
        process.OutputDataReceived += static (_, line) => Console.Error.WriteLine(line.Data);
        process.BeginOutputReadLine();
        ServerProcess server = new(process, address);
        using HttpClient http = new() { BaseAddress = address };
        long start = Stopwatch.GetTimestamp();
        while (!process.HasExited && Stopwatch.GetElapsedTime(start) < Patience)
        {
            try
            {
                using HttpResponseMessage ready = await http.GetAsync("readyz");
                if (ready.IsSuccessStatusCode)
                    return server;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(50);
        }

        server.Dispose();
        throw new TercetException("The server did not become ready; what it wrote says why.");
    }

    /// <summary>Runs the server's program for another purpose, such as making a key.</summary>
    /// <returns>What it wrote.</returns>
    /// <exception cref="TercetException">It failed.</exception>
    public static async Task<string> Ask(string? program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program ?? Beside(), arguments) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new TercetException($"tercet-server {string.Join(' ', arguments)} failed (exit code {process.ExitCode}).");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static string Beside() => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "tercet-server.exe" : "tercet-server");

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
