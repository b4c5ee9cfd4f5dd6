using System.Diagnostics;
using Tercet.Tests.Forward;

namespace Tercet.Server.Tests;

/// <summary>The built program as a user would run it.</summary>
public sealed class LargePageTests : IDisposable
{
    private const string Variable = "GLIBC_TUNABLES";

    private readonly ModelFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, "glibc.malloc.hugetlb=1")]
    [InlineData("glibc.malloc.perturb=0", "glibc.malloc.perturb=0")]
    public async Task Serve_OnLinux_AsksTheAllocatorForLargePagesUnlessToldOtherwise(string? set, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only glibc has this allocator");
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true };
        foreach (string argument in (string[])[Path.Combine(AppContext.BaseDirectory, "tercet-server.dll"), "--model", _folder.Save(TinyModels.Vector("n")), "--device", "cpu", "--trust-model", "--urls", "http://127.0.0.1:0"])
            start.ArgumentList.Add(argument);
        if (set is null)
            start.Environment.Remove(Variable);
        else
            start.Environment[Variable] = set;
        using Process process = Process.Start(start)!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line && !line.Contains("Now listening", StringComparison.Ordinal))
                Assert.DoesNotContain("error", line, StringComparison.OrdinalIgnoreCase);
            Assert.Contains($"{Variable}={expected}", File.ReadAllText($"/proc/{process.Id}/environ").Split('\0'));
        }
        finally
        {
            process.Kill();
        }
    }
}
