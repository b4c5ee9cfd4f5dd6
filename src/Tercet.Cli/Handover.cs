using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tercet.Cli;

/// <summary>
/// Lets another program do the work. On Unix it takes this process's place, so that signals, terminal, exit code and process id are its own. Windows has no such
/// thing: there it runs as a child, which the console tells of Ctrl-C itself.
/// </summary>
internal static partial class Handover
{
    /// <summary>Runs a program.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code; on Unix, does not return.</returns>
    /// <exception cref="TercetException">It cannot be started.</exception>
    public static int To(string path, ReadOnlySpan<string> arguments)
    {
        if (OperatingSystem.IsWindows())
            return RunChild(path, arguments);

        _ = Execute(path, [path, .. arguments, null]);
        throw new TercetException($"{path}: cannot be started: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Starts this program again in its own place with one more environment variable, for what reads it before a program's first line; Linux only.</summary>
    /// <param name="name">The variable. Where it is set, to whatever value, nothing happens.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Only where nothing happened.</returns>
    public static void AgainWith(string name, string value)
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(name) is not null)
            return;
        string[] arguments = File.ReadAllText("/proc/self/cmdline").Split('\0')[..^1];
        if (SetVariable(name, value, 0) == 0)
            _ = Execute("/proc/self/exe", [.. arguments, null]);
    }

    private static int RunChild(string path, ReadOnlySpan<string> arguments)
    {
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        try
        {
            using Process child = Process.Start(path, arguments.ToArray());
            child.WaitForExit();
            return child.ExitCode;
        }
        catch (Win32Exception failure)
        {
            throw new TercetException($"{path}: cannot be started: {failure.Message}", failure);
        }
    }

    /// <summary>execv(2). Returns only when it fails.</summary>
    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Execute(string path, string?[] arguments);

    /// <summary>setenv(3): .NET's own variables are not those that a new program inherits.</summary>
    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
