namespace Tercet.Tests.Cli;

/// <summary>tercet train and tercet serve: the program that they hand over to is absent, or a script.</summary>
public sealed class SeparateProgramTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tercet-train is neither beside", "dotnet publish src/Tercet.Train", "train")]
    [InlineData("tercet-train is neither beside", "dotnet publish src/Tercet.Train", "train", "--help")]
    [InlineData("tercet-server is neither beside", "dotnet publish src/Tercet.Server", "serve", "--model", "m.onnx")]
    public void Run_ProgramAbsent_SaysHowToGetIt(string said, string how, params string[] arguments) =>
        CliProcess.RunOnPath(_folder.Path, _folder.Path, arguments).Failed(1, said, how, "on PATH");

    [Theory]
    [InlineData("train", "tercet-train")]
    [InlineData("serve", "tercet-server")]
    public void Run_ProgramOnPath_GetsTheArgumentsAndItsExitCodeComesBack(string verb, string program)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the program is a shell script");
        Script(program, "#!/bin/sh\nprintf '<%s>' \"$@\"\necho told >&2\nexit 7\n", UnixFileMode.UserRead | UnixFileMode.UserExecute);

        CliResult result = CliProcess.RunOnPath(_folder.Path, _folder.Path, verb, "--data", "two words", "", "--help", "@é");

        Assert.Equal(new CliResult(7, "<--data><two words><><--help><@é>", "told\n"), result);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead, "neither beside")]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserExecute, "cannot be started")]
    public void Run_ProgramCannotRun_IsAnError(UnixFileMode mode, string mention)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no such modes");
        Script("tercet-train", "no program", mode);

        CliProcess.RunOnPath(_folder.Path, _folder.Path, "train").Failed(1, mention);
    }

    private void Script(string program, string text, UnixFileMode mode)
    {
        string path = _folder[program];
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
