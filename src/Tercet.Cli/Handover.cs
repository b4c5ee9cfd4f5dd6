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
}
