namespace Tercet.Tests.Cli;

/// <summary>tercet train without libtorch: the program that it hands over to is absent, or a script.</summary>
public sealed class TrainVerbTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("train")]
    [InlineData("train", "--help")]
    public void Train_ProgramAbsent_SaysHowToGetIt(params string[] arguments) =>
        CliProcess.RunOnPath(_folder.Path, _folder.Path, arguments).Failed(1, "tercet-train is neither beside", "dotnet publish src/Tercet.Train", "on PATH");

    [Fact]
    public void Train_ProgramOnPath_GetsTheArgumentsAndItsExitCodeComesBack()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "the program is a shell script");
        Script("#!/bin/sh\nprintf '<%s>' \"$@\"\necho told >&2\nexit 7\n", UnixFileMode.UserRead | UnixFileMode.UserExecute);

        CliResult result = CliProcess.RunOnPath(_folder.Path, _folder.Path, "train", "--data", "two words", "", "--help", "@é");

        Assert.Equal(new CliResult(7, "<--data><two words><><--help><@é>", "told\n"), result);
    }

    [Theory]
    [InlineData(UnixFileMode.UserRead, "neither beside")]
    [InlineData(UnixFileMode.UserRead | UnixFileMode.UserExecute, "cannot be started")]
    public void Train_ProgramCannotRun_IsAnError(UnixFileMode mode, string mention)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows knows no such modes");
        Script("no program", mode);

        CliProcess.RunOnPath(_folder.Path, _folder.Path, "train").Failed(1, mention);
    }

    private void Script(string text, UnixFileMode mode)
    {
        string path = _folder["tercet-train"];
        File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
    }
}
