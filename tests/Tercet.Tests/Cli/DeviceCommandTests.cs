using System.Text.Json;
using Tercet.Backends.Cuda;

namespace Tercet.Tests.Cli;

/// <summary><c>--device</c> where there is no CUDA backend in the build.</summary>
public sealed class DeviceCommandTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("mine --embeddings E.npy --labels L.npy --out T.npy")]
    [InlineData("loss --embeddings E.npy --labels L.npy")]
    [InlineData("devices")]
    [InlineData("demo")]
    public void Run_CudaInABuildWithoutIt_SaysHowToGetIt(string arguments)
    {
        SkipWithCuda();
        _folder.WriteBatch(identities: 3, perIdentity: 3, dimension: 4);
        string[] before = [.. _folder.Names];

        CliProcess.Run(_folder.Path, [.. arguments.Split(' '), "--device", "cuda"]).Failed(1, "The device cuda", "-p:EnableCuda=true", "cpu");

        Assert.Equal(before, _folder.Names);
    }

    [Theory]
    [InlineData("mine --embeddings E.npy --labels L.npy --json", "auto")]
    [InlineData("mine --embeddings E.npy --labels L.npy --json", "cpu")]
    [InlineData("loss --embeddings E.npy --labels L.npy --json", "auto")]
    [InlineData("loss --embeddings E.npy --labels L.npy --json", "cpu")]
    public void Run_AutoAndCpu_SayWhichTheyTook(string arguments, string device)
    {
        SkipWithCuda();
        _folder.WriteBatch(identities: 3, perIdentity: 3, dimension: 4);

        JsonElement json = CliProcess.Run(_folder.Path, [.. arguments.Split(' '), "--device", device]).Succeeded().Json;

        Assert.Equal("cpu", json.GetProperty("device").GetString());
        Assert.StartsWith("cpu (", json.GetProperty("backend").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, json.GetProperty("device_note").ValueKind);
    }

    [Fact]
    public void Devices_Cpu_IsWhatMiningRunsOn()
    {
        JsonElement json = CliProcess.Run(_folder.Path, "devices", "--device", "cpu", "--json").Succeeded().Json;

        Assert.Equal("cpu", json.GetProperty("device").GetString());
        Assert.StartsWith("cpu (", json.GetProperty("mining_backend").GetString(), StringComparison.Ordinal);
    }

    private static void SkipWithCuda() => Assert.SkipWhen(CudaBackend.IsEnabled, "This build has CUDA support.");
}
