using System.CommandLine;

namespace Tercet.Cli.Commands;

/// <summary>
/// <c>tercet train</c>: hands over to <c>tercet-train</c>, a program of its own because it brings libtorch along. What stands behind the verb is that program's
/// alone, <c>--help</c> too.
/// </summary>
internal static class TrainCommand
{
    public const string Name = "train";

    private const string Program = "tercet-train";

    /// <summary>The verb as it stands among the others in <c>tercet --help</c>.</summary>
    public static Command Create() => new(Name, "Train an embedding network with mined triplets: runs tercet-train, a program of its own, which brings libtorch.");

    /// <summary>Runs the program in this one's place.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="TercetException">It is not there, or cannot be started.</exception>
    public static int Run(ReadOnlySpan<string> arguments)
    {
        string path = Find() ?? throw new TercetException(
            $"{Program} is neither beside this program nor on PATH; it is separate because it brings libtorch (0.5 GB): "
            + "'dotnet publish src/Tercet.Train -c Release -o FOLDER' in a clone of Tercet makes it, then put FOLDER on PATH");
        return Handover.To(path, arguments);
    }

    private static string? Find()
    {
        string name = OperatingSystem.IsWindows() ? Program + ".exe" : Program;
        string[] path = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [];

        // A .NET tool's assemblies lie elsewhere than the command that starts them.
        IEnumerable<string?> folders = [AppContext.BaseDirectory, Path.GetDirectoryName(Environment.ProcessPath), .. path];
        return folders.OfType<string>().Select(folder => Path.Combine(folder, name)).FirstOrDefault(IsProgram);
    }

    private static bool IsProgram(string file) =>
        File.Exists(file) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
