using System.CommandLine;

namespace Tercet.Cli.Commands;

/// <summary>
/// A verb that hands over to a program of its own, because of what that brings along. What stands behind the verb is that program's alone, <c>--help</c> too.
/// </summary>
/// <param name="Verb">The verb.</param>
/// <param name="Program">The program, beside this one or on PATH.</param>
/// <param name="Does">What it does, for <c>tercet --help</c>.</param>
/// <param name="Missing">Why it is separate and how it is made, for whoever has not got it.</param>
internal sealed record SeparateProgram(string Verb, string Program, string Does, string Missing)
{
    /// <summary><c>tercet train</c>.</summary>
    public static SeparateProgram Train { get; } = new(
        "train", "tercet-train", "Train an embedding network with mined triplets: runs tercet-train, a program of its own, which brings libtorch.",
        "it is separate because it brings libtorch (0.5 GB): 'dotnet publish src/Tercet.Train -c Release -o FOLDER' in a clone of Tercet makes it, then put FOLDER on PATH");

    /// <summary><c>tercet serve</c>.</summary>
    public static SeparateProgram Serve { get; } = new(
        "serve", "tercet-server", "Put a model and a gallery behind HTTP: runs tercet-server, a program of its own, which brings ASP.NET Core.",
        "it is separate because it brings ASP.NET Core: 'dotnet publish src/Tercet.Server -c Release -o FOLDER' in a clone of Tercet makes it, then put FOLDER on PATH");

    /// <summary>Every one.</summary>
    public static IReadOnlyList<SeparateProgram> All { get; } = [Train, Serve];

    /// <summary>The verb as it stands among the others in <c>tercet --help</c>.</summary>
    public Command Create() => new(Verb, Does);

    /// <summary>Runs the program in this one's place.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit code.</returns>
    /// <exception cref="TercetException">It is not there, or cannot be started.</exception>
    public int Run(ReadOnlySpan<string> arguments) =>
        Handover.To(Find() ?? throw new TercetException($"{Program} is neither beside this program nor on PATH; {Missing}"), arguments);

    private string? Find()
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
